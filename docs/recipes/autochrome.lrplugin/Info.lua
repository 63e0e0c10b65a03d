return {
  LrSdkVersion = 6.0,
  LrToolkitIdentifier = "autochrome",
  LrPluginName = "Autochrome",
  LrExportFilterProvider = { title = "Autochrome", file = "ColourExported.lua", id = "autochrome" },
  VERSION = { major = 1, minor = 0, revision = 0 },
}
