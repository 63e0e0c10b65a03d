-- A post-process action for Lightroom Classic: each exported photograph is coloured in its place.

local LrFileUtils, LrPathUtils, LrTasks = import "LrFileUtils", import "LrPathUtils", import "LrTasks"

local autochrome = LrPathUtils.child(LrPathUtils.getStandardFilePath("home"), "autochrome")

local function quoted(text)
  return WIN_ENV and '"' .. text .. '"' or "'" .. text:gsub("'", "'\\''") .. "'"
end

local function command(photograph, folder)
  local python = WIN_ENV and "\\.venv\\Scripts\\python.exe" or "/.venv/bin/python"
  local line = table.concat({
    quoted(autochrome .. python), quoted(LrPathUtils.child(autochrome, "app.py")),
    "colorize", quoted(photograph), "--output", quoted(folder), "--colour-photos", "keep-as-is",
  }, " ")
  return WIN_ENV and '"' .. line .. '"' or line -- cmd.exe takes away the outer quotes
end

local function colour(context, exported)
  for rendition, wanted in exported:renditions() do
    local rendered, photograph = rendition:waitForRender()
    if rendered then
      local folder, coloured = photograph .. ".autochrome", false
      if LrTasks.execute(command(photograph, folder)) == 0 then
        for picture in LrFileUtils.files(folder) do
          if picture:find(".colour.", 1, true) then
            LrFileUtils.delete(photograph)
            coloured = LrFileUtils.move(picture, photograph)
          end
        end
      end
      LrFileUtils.delete(folder)
      if not coloured then
        wanted:renditionIsDone(false, "Autochrome could not colour it.")
      end
    end
  end
end

return { postProcessRenderedPhotos = colour }
