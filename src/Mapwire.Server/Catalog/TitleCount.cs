namespace Mapwire.Server.Catalog;

/// <summary>How many titles a folder has, as far as it could be read in the time given.</summary>
/// <param name="Titles">Titles found, those of subfolders included.</param>
/// <param name="UnreadableFolders">Folders whose titles are not counted, or not all of them.</param>
/// <param name="FirstFault">The first of those folders and why it could not be read; null for none.</param>
/// <param name="Pending">The folder being read when the time was over; null when the count is complete.</param>
public sealed record TitleCount(int Titles, int UnreadableFolders, string? FirstFault, string? Pending);
