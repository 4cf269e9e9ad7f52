using Mapwire.Memory;

namespace Mapwire.Server.Statistics;

/// <summary>What of served files is in memory. Looked at by whoever reads the statistics: a server has better to do.</summary>
internal sealed class TitleResidency
{
    /// <summary>How long an answer is good for: a look costs a millisecond for some gigabytes.</summary>
    private const long Patience = 5000;

    /// <summary>Asked for at once, so that a huge file needs no huge answer.</summary>
    private const long Window = 1L << 30;

    private readonly Dictionary<string, (double? Share, long At)> _seen = new(StringComparer.Ordinal);

    /// <summary>The part of a file that is in memory, 0 to 1; null where the system does not tell, or the file is another one now.</summary>
    public double? Of(string path, long length)
    {
        long now = Environment.TickCount64;
        if (_seen.TryGetValue(path, out (double? Share, long At) before) && now - before.At < Patience)
        {
            return before.Share;
        }

        double? share = Look(path, length);
        _seen[path] = (share, now);
        return share;
    }

    private static double? Look(string path, long length)
    {
        if (length <= 0 || !PlatformCapabilities.Supports(MemoryCapability.ResidencyOfPageCache))
        {
            return null;
        }

        try
        {
            using MappedFile file = MappedFile.Open(path);
            if (file.Identity.Length < length)
            {
                return null; // cut, or exchanged, since it was opened
            }

            using MappedRegion region = file.Map(0, length);
            long resident = 0;
            long pages = 0;
            for (long start = 0; start < length; start += Window)
            {
                PageResidency part = region.GetResidency(start, Math.Min(Window, length - start));
                resident += part.ResidentPages;
                pages += part.PageCount;
            }

            return (double)resident / pages;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or ArgumentException) // no path at all, of damaged statistics
        {
            return null;
        }
    }
}
