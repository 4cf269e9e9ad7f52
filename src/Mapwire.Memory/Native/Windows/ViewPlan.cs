namespace Mapwire.Memory.Native.Windows;

/// <summary>Which views a growing region of a file has, one behind the other. Pure arithmetic: it maps nothing.</summary>
/// <remarks>A view cannot grow, and one can start only at a multiple of the allocation granularity. So only the last view may end
/// elsewhere, and then nothing can follow it: replacing it would unmap bytes that other threads use, and lose what was stored into
/// private pages.</remarks>
internal sealed class ViewPlan(int page, int granularity)
{
    private readonly Stack<(long Start, long Length)> _views = new(); // the last one on top

    /// <summary>Bytes mapped, whole pages.</summary>
    public long Mapped { get; private set; }

    /// <summary>The last view, if it lies wholly behind what is wanted. A view that is wanted in part stays whole.</summary>
    public bool TryRemove(long wanted, out (long Start, long Length) view)
    {
        if (!_views.TryPeek(out view) || view.Start < wanted)
        {
            return false;
        }

        _views.Pop();
        Mapped = view.Start;
        return true;
    }

    /// <summary>The length of the view to map behind the others, 0 if there is enough.</summary>
    /// <param name="wanted">Bytes that the region shall have.</param>
    /// <param name="available">Bytes from the region's first page to the file's end.</param>
    /// <exception cref="IOException">The last view ends where no other can begin.</exception>
    public long GetMissing(long wanted, long available)
    {
        if (wanted <= Mapped)
        {
            return 0;
        }

        if (Mapped % granularity != 0)
        {
            throw new IOException(
                $"Cannot grow the region to {wanted} bytes: its file ended at a length that is no multiple of {granularity} when it was "
                + "mapped, and Windows cannot continue there. Map the file again.");
        }

        return RoundUp(Math.Min(RoundUp(wanted, granularity), available), page) - Mapped;
    }

    public void Add(long length)
    {
        _views.Push((Mapped, length));
        Mapped += length;
    }

    /// <summary>Takes all views out, the last one first.</summary>
    public bool TryRemoveLast(out (long Start, long Length) view) => TryRemove(0, out view);

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;
}
