namespace Mapwire.Memory.Arenas;

/// <summary>What an arena survives, beyond what every store into a mapped file does: the end of the process. Whoever maps the file next
/// finds it, if the system lives on.</summary>
public enum ArenaDurability
{
    /// <summary>The death of the process at any instruction, as by kill -9. Each change is recorded before it is made, and whoever
    /// comes next undoes the one that was not finished. The system has to live on.</summary>
    Kill,

    /// <summary>The end of the system, as by power loss, up to the last <see cref="Arena.Commit"/>. For files, opened by one process at
    /// a time; what was not committed is gone with the process too.</summary>
    PowerLoss,
}
