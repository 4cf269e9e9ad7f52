using System.Runtime.InteropServices;

namespace Mapwire.Server.Transport;

/// <summary>
/// The pieces of one gather send: headers in a scratch of its own and payloads where they lie in the mapping.
/// One list serves all players of a worker, one after the other.
/// </summary>
/// <remarks>The segments have the system's own layout (<c>struct iovec</c> or <c>WSABUF</c>), so sending copies nothing.</remarks>
internal sealed unsafe partial class GatherList : IDisposable
{
    /// <summary>The largest number of segments a call takes: IOV_MAX of Linux and macOS.</summary>
    private const int MaxSegments = 1024;

    private const int ScratchLength = 64 * 1024;

    private readonly nuint* _segments;
    private readonly byte* _scratch;
    private int _segmentCount;
    private int _scratchUsed;

    public GatherList()
    {
        // SAFETY: freed in Dispose; a worker owns its list for the length of its life.
        _segments = (nuint*)NativeMemory.Alloc(MaxSegments, 2 * (nuint)sizeof(nuint));
        _scratch = (byte*)NativeMemory.Alloc(ScratchLength);
    }

    /// <summary>The bytes of all segments.</summary>
    public long Length { get; private set; }

    /// <summary>Whether a header of at most <paramref name="headerLength"/> bytes and a payload still fit.</summary>
    public bool HasRoom(int headerLength) => _segmentCount + 2 <= MaxSegments && _scratchUsed + headerLength <= ScratchLength;

    /// <summary>Empties the list for the next player.</summary>
    public void Clear()
    {
        _segmentCount = 0;
        _scratchUsed = 0;
        Length = 0;
    }

    /// <summary>Space for the next bytes of the scratch; <see cref="AddScratch"/> says how many became a segment.</summary>
    public Span<byte> Scratch => new(_scratch + _scratchUsed, ScratchLength - _scratchUsed); // SAFETY: inside the allocation

    /// <summary>Adds the first <paramref name="length"/> bytes of <see cref="Scratch"/>, without those before <paramref name="skip"/>.</summary>
    public void AddScratch(int length, int skip = 0)
    {
        Add(_scratch + _scratchUsed + skip, length - skip); // SAFETY: the caller wrote these bytes through Scratch
        _scratchUsed += length;
    }

    /// <summary>Adds bytes of a mapping, which stays mapped until the send is over.</summary>
    public void AddMapped(nint address, long length) => Add((byte*)address, length);

    /// <summary>Hands all segments to the system in one call.</summary>
    /// <param name="socket">A non-blocking stream socket.</param>
    /// <param name="sent">The bytes taken: all of them, or fewer when the socket filled up or the pages ended.</param>
    public SendResult Send(SafeHandle socket, out long sent) =>
        OperatingSystem.IsWindows() ? SendWindows(socket, out sent) : SendUnix(socket, out sent);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_segments);
        NativeMemory.Free(_scratch);
    }

    private void Add(byte* address, long length)
    {
        if (length == 0)
        {
            return;
        }

        // SAFETY: callers ask HasRoom first. iovec is { base, length }; WSABUF is { 32-bit length, padding, base }.
        nuint* segment = _segments + (2 * _segmentCount++);
        int place = OperatingSystem.IsWindows() ? 1 : 0;
        segment[place] = (nuint)address;
        segment[1 - place] = (nuint)length;
        Length += length;
    }
}
