namespace Mapwire.Server.Files;

/// <summary>How much a <see cref="FileCatalog"/> has open. The default is without bounds.</summary>
/// <param name="KeptBytes">The most memory that the tables and strips of files nobody plays may take, in bytes.</param>
/// <param name="KeptFiles">The most files kept open that nobody plays: each holds a descriptor.</param>
/// <param name="MaxBytes">The most that the tables and strips of all open files may take, those being played too; beyond it no other is
/// opened.</param>
/// <param name="MaxFiles">The most files that are open, those being played too; beyond it no other is opened.</param>
internal sealed record FileBudget(
    long KeptBytes = long.MaxValue, int KeptFiles = int.MaxValue, long MaxBytes = long.MaxValue, int MaxFiles = int.MaxValue);
