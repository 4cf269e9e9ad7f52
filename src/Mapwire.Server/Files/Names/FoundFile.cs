using Mapwire.Memory;

namespace Mapwire.Server.Files.Names;

/// <summary>A file that a client's words lead to.</summary>
/// <param name="Path">Its real path, free of links.</param>
/// <param name="Name">The path below the served folder that led there.</param>
/// <param name="Identity">Which file it was when it was looked at.</param>
internal readonly record struct FoundFile(string Path, string Name, FileIdentity Identity);
