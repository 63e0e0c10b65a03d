-- An export target for darktable: what is exported is coloured, and its picture grouped with the photograph.

local dt = require "darktable"
local autochrome = os.getenv("HOME") .. "/autochrome"

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function told(line, name)
  local text = line:match('"' .. name .. '":"(.-[^\\])"')
  return text and text:gsub("\\(.)", "%1")
end

local function show(storage, image, format, file, number, total)
  dt.print(string.format("Autochrome: %d of %d exported", number, total))
end

local function colour(storage, exported)
  for image, file in pairs(exported) do
    local program = io.popen(table.concat({
      quoted(autochrome .. "/.venv/bin/python"), quoted(autochrome .. "/app.py"),
      "colorize", quoted(file), "--output", quoted(image.path), "--json",
    }, " "))
    local line = program:read("a")
    program:close()
    os.remove(file)
    local picture = told(line, "picture")
    if picture then
      dt.database.import(picture):group_with(image.group_leader)
    else
      dt.print("Autochrome: " .. (told(line, "problem") or "it could not be started; start darktable in a terminal"))
    end
  end
end

dt.register_storage("autochrome", "Autochrome", show, colour)
