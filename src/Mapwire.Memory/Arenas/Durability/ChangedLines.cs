using System.Numerics;
using System.Runtime.InteropServices;

namespace Mapwire.Memory.Arenas;

/// <summary>The lines of 64 bytes that were changed since the last commit.</summary>
internal sealed class ChangedLines
{
    /// <summary>Bytes in a line.</summary>
    public const int Line = 64;

    private const int LinesAPage = 64;
    private const int PageLog = 12;

    private readonly Dictionary<long, ulong> _pages = []; // by page number, a bit for each of its lines

    /// <summary>Pages with changes.</summary>
    public int Pages => _pages.Count;

    /// <summary>Notes a range.</summary>
    public void Mark(long offset, long length)
    {
        if (length <= 0)
        {
            return;
        }

        long first = offset / Line, last = (offset + length - 1) / Line;
        for (long page = first / LinesAPage; page <= last / LinesAPage; page++)
        {
            int from = (int)Math.Max(first - (page * LinesAPage), 0), to = (int)Math.Min(last - (page * LinesAPage), LinesAPage - 1);
            CollectionsMarshal.GetValueRefOrAddDefault(_pages, page, out _) |= (ulong.MaxValue >> (LinesAPage - 1 - (to - from))) << from;
        }
    }

    /// <summary>The changed ranges from the start to the end, neighbours joined.</summary>
    /// <param name="length">The arena's bytes, where the last line ends too: the file of an arena may end in the middle of one.</param>
    public List<(long Offset, int Length)> GetRanges(long length)
    {
        const int longest = 1 << 20;
        List<(long Offset, int Length)> ranges = [];
        foreach (long page in _pages.Keys.Order())
        {
            ulong lines = _pages[page];
            for (int from = 0; lines >> from != 0;)
            {
                from += BitOperations.TrailingZeroCount(lines >> from);
                int count = BitOperations.TrailingZeroCount(~(lines >> from));
                long offset = (page << PageLog) + (from * Line);
                int bytes = (int)Math.Min(count * Line, length - offset);
                if (ranges.Count > 0 && ranges[^1] is (long before, int had) && before + had == offset && had < longest)
                {
                    ranges[^1] = (before, had + bytes);
                }
                else
                {
                    ranges.Add((offset, bytes));
                }

                if ((from += count) >= LinesAPage)
                {
                    break;
                }
            }
        }

        return ranges;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _pages.Clear();
}
