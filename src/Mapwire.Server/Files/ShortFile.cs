using Mapwire.Media;
using Mapwire.Memory;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Files;

/// <summary>Reads files that are text beside films: by guarded reads, and only where the open file itself lies in the folder.</summary>
internal static class ShortFile
{
    /// <summary>Reads a file; it may take as long as the file system likes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The path below the folder, for the refusal.</param>
    /// <param name="folder">Where the open file has to lie, whatever links did meanwhile.</param>
    /// <param name="maxBytes">Of a longer one a byte more is read.</param>
    /// <exception cref="TitleException">The file cannot be read or lies elsewhere.</exception>
    public static byte[] Read(string path, string name, ServedFolder folder, int maxBytes)
    {
        try
        {
            using MappedFile file = MappedFile.Open(path);
            folder.RequireInside(file, name);
            byte[] bytes = new byte[(int)Math.Min(file.Length, maxBytes + 1L)];
            if (bytes.Length > 0)
            {
                using MappedRegion region = file.Map(0, bytes.Length);
                TopLevelBoxes.Read(region, 0, bytes, new FileLocation("line 1", 0));
            }

            return bytes;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw TitleException.Unreadable(path, failure);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new TitleException(TitleError.Unreadable, "the file was cut while it was read", failure);
        }
    }
}
