using Mapwire.Memory;

namespace Mapwire.Cli;

/// <summary>How much of one file is in memory.</summary>
/// <param name="Path">The file, as it was named or found.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Pages">Pages that it fills.</param>
/// <param name="ResidentPages">Pages of it that are in memory; null where the system does not tell this user.</param>
/// <param name="Density">The part of it that is in memory, 0 to 1, for each of at most <see cref="Cells"/> equal pieces; empty where
/// it is not known.</param>
internal sealed record PageReport(string Path, long Size, long Pages, long? ResidentPages, double[] Density)
{
    /// <summary>Cells of the bar that shows a file.</summary>
    public const int Cells = 40;

    /// <summary>Asked for at once, so that a huge file needs no huge answer.</summary>
    private const long Window = 1L << 30;

    /// <summary>Looks at a file as it is now.</summary>
    /// <exception cref="IOException">It cannot be opened or mapped.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static PageReport Of(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = Map(file);
        long page = PlatformCapabilities.PageSize;
        long pages = (region.Length + page - 1) / page;
        try
        {
            return Look(path, region, page, pages);
        }
        catch (UnauthorizedAccessException)
        {
            return new PageReport(path, region.Length, pages, null, []); // told to the file's owner and those who may write it
        }
    }

    /// <summary>Maps a file whole.</summary>
    /// <exception cref="IOException">It is a device, or cannot be mapped.</exception>
    public static MappedRegion Map(MappedFile file)
    {
        try
        {
            return file.Map();
        }
        catch (ArgumentException exception) // only a device has no length to map
        {
            throw new IOException("a device has no length, so its pages cannot be counted: name a file or a folder", exception);
        }
    }

    private static PageReport Look(string path, MappedRegion region, long page, long pages)
    {
        var resident = new long[Math.Min(Cells, pages)];
        var all = new long[resident.Length];
        for (long start = 0; start < region.Length; start += Window)
        {
            PageResidency residency = region.GetResidency(start, Math.Min(Window, region.Length - start));
            for (long i = 0; i < residency.PageCount; i++)
            {
                int cell = (int)((Int128)((start / page) + i) * resident.Length / pages);
                all[cell]++;
                resident[cell] += residency[i] ? 1 : 0;
            }
        }

        double[] density = [.. resident.Zip(all, (some, of) => (double)some / of)];
        return new PageReport(path, region.Length, pages, resident.Sum(), density);
    }
}
