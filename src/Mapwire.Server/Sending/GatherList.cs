using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

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

    /// <summary>The longest that <see cref="Insert"/> takes, which has room of its own behind the scratch.</summary>
    private const int MaxInsertedLength = 32;

    private readonly nuint* _segments;
    private readonly byte* _scratch;
    private int _segmentCount;
    private int _scratchUsed;
    private bool _isDisposed;
    private SafeHandle? _file; // of which the last segment is a run, behind which nothing is added
    private long _fileOffset;

    public GatherList()
    {
        // SAFETY: freed in Dispose; a worker owns its list for the length of its life.
        _segments = (nuint*)NativeMemory.Alloc(MaxSegments, 2 * (nuint)sizeof(nuint));
        _scratch = (byte*)NativeMemory.Alloc(ScratchLength + MaxInsertedLength);
    }

    /// <summary>The bytes of all segments.</summary>
    public long Length { get; private set; }

    /// <summary>How many segments there are.</summary>
    public int SegmentCount => _segmentCount;

    /// <summary>Whether the last segment is a run of a file, which is sent from there where the system can.</summary>
    public bool EndsInFile => _file is not null;

    /// <summary>Empties the list for the next player.</summary>
    /// <exception cref="ObjectDisposedException">The list's memory was freed.</exception>
    public void Clear()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _segmentCount = 0;
        _scratchUsed = 0;
        _file = null;
        Length = 0;
    }

    /// <summary>Gets room for a header in the scratch; <see cref="TryAddReserved"/> says how much of it became a segment.</summary>
    /// <param name="length">The bytes that the header needs at most.</param>
    /// <param name="header">At least <paramref name="length"/> bytes; empty when the result is false.</param>
    /// <returns>False when the scratch or the list is full: send first.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReserve(int length, out Span<byte> header)
    {
        bool fits = length <= ScratchLength - _scratchUsed && _segmentCount < MaxSegments;
        header = fits ? new Span<byte>(_scratch + _scratchUsed, ScratchLength - _scratchUsed) : []; // SAFETY: inside the allocation
        return fits;
    }

    /// <summary>
    /// Adds the first bytes of the room that <see cref="TryReserve"/> gave, without those before <paramref name="skip"/>.
    /// </summary>
    /// <param name="length">The bytes that were written there.</param>
    /// <param name="skip">How many of them are not to be sent.</param>
    /// <returns>False when the list is full; nothing was added then.</returns>
    /// <exception cref="ArgumentOutOfRangeException">More bytes than the scratch has left, or more to skip than there are.</exception>
    public bool TryAddReserved(int length, int skip = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(ScratchLength - _scratchUsed));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)skip, (uint)length);
        if (!TryAdd(_scratch + _scratchUsed + skip, length - skip)) // SAFETY: inside the allocation, by the two lines above
        {
            return false;
        }

        _scratchUsed += length;
        return true;
    }

    /// <summary>
    /// Adds the first bytes of the room that <see cref="TryReserve"/> gave and, behind them, bytes of a mapping, which stays mapped until
    /// the send is over: a whole message, in one look at what room there is.
    /// </summary>
    /// <param name="length">The bytes that were written there, at least 1.</param>
    /// <param name="address">Of the first byte in the mapping.</param>
    /// <param name="mapped">The bytes in the mapping.</param>
    /// <returns>False when the list has no room for both; nothing was added then.</returns>
    /// <exception cref="ArgumentOutOfRangeException">More bytes than the scratch has left.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAddReservedAndMapped(int length, nint address, int mapped)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(ScratchLength - _scratchUsed));
        int count = _segmentCount;
        if (count > MaxSegments - 2)
        {
            return false;
        }

        // SAFETY: two segments fit; the header is inside the allocation, by the lines above.
        nuint* segment = _segments + (2 * count);
        int place = OperatingSystem.IsWindows() ? 1 : 0;
        segment[place] = (nuint)(_scratch + _scratchUsed);
        segment[1 - place] = (nuint)length;
        segment[2 + place] = (nuint)address;
        segment[3 - place] = (nuint)mapped;
        _segmentCount = count + (mapped > 0 ? 2 : 1);
        _scratchUsed += length;
        Length += length + mapped;
        return true;
    }

    /// <summary>
    /// Adds the first bytes of the room that <see cref="TryReserve"/> gave, bytes of a mapping, and the next bytes of that room: a whole
    /// message with a trailer. A trailer and the header of the message behind it lie side by side, and are one segment.
    /// </summary>
    /// <param name="header">The bytes that were written there for before the mapped ones.</param>
    /// <param name="address">Of the first byte in the mapping.</param>
    /// <param name="mapped">The bytes in the mapping.</param>
    /// <param name="trailer">The bytes that were written behind the header for behind the mapped ones.</param>
    /// <param name="skip">How many bytes of the message are not to be sent.</param>
    /// <returns>False when the list has no room for all; nothing was added then.</returns>
    /// <exception cref="ArgumentOutOfRangeException">More bytes than the scratch has left.</exception>
    public bool TryAddEnclosed(int header, nint address, int mapped, int trailer, long skip = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)header + (uint)trailer, (uint)(ScratchLength - _scratchUsed));
        if (_segmentCount > MaxSegments - 3)
        {
            return false;
        }

        // SAFETY: three segments fit; header and trailer are inside the allocation, by the lines above, and each skip is within its part.
        byte* start = _scratch + _scratchUsed;
        _scratchUsed += header + trailer;
        int skipped = (int)Math.Min(skip, header);
        AddBehind(start + skipped, header - skipped);
        skip -= skipped;
        int skippedMapped = (int)Math.Min(skip, mapped);
        TryAdd((byte*)address + skippedMapped, mapped - skippedMapped);
        skip -= skippedMapped;
        AddBehind(start + header + skip, trailer - (int)skip);
        return true;
    }

    /// <summary>Adds bytes of a mapping, which stays mapped until the send is over.</summary>
    /// <returns>False when the list is full; nothing was added then.</returns>
    public bool TryAddMapped(nint address, long length) => TryAdd((byte*)address, length);

    /// <summary>
    /// Adds a long run of a mapped file, behind which nothing more may be added: where the system can send from the file itself, without a
    /// copy even in the kernel, it does so. Elsewhere it is as <see cref="TryAddMapped"/>.
    /// </summary>
    /// <param name="address">Of the first byte in the mapping.</param>
    /// <param name="length">At least 1.</param>
    /// <param name="file">The open file; null where it is not to be sent from.</param>
    /// <param name="offset">Of the first byte in the file.</param>
    /// <returns>False when the list is full; nothing was added then.</returns>
    public bool TryAddFile(nint address, long length, SafeHandle? file, long offset)
    {
        if (!TryAddMapped(address, length))
        {
            return false;
        }

        (_file, _fileOffset) = (file, offset);
        return true;
    }

    /// <summary>Leaves the last segment out where the list is full, so that <see cref="Insert"/> has room for one.</summary>
    public void MakeRoom()
    {
        if (_segmentCount == MaxSegments)
        {
            Truncate(Length - (long)LengthOf(_segments + (2 * (_segmentCount - 1)))); // SAFETY: the last of the segments that there are
        }
    }

    /// <summary>
    /// Puts some bytes before segments that are there already, such as what says how long these are; once a list, behind
    /// <see cref="MakeRoom"/>.
    /// </summary>
    /// <param name="index">How many segments stay before them.</param>
    /// <param name="bytes">Are copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer segments, or the bytes are too many.</exception>
    /// <exception cref="InvalidOperationException">The list is full.</exception>
    public void Insert(int index, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)index, (uint)_segmentCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxInsertedLength);
        if (_segmentCount == MaxSegments)
        {
            throw new InvalidOperationException("A full list has no room before its segments.");
        }

        if (bytes.IsEmpty)
        {
            return;
        }

        // SAFETY: one more segment fits, and the bytes fit behind the scratch, by the lines above; index <= _segmentCount.
        byte* start = _scratch + ScratchLength;
        bytes.CopyTo(new Span<byte>(start, MaxInsertedLength));
        int moved = 2 * (_segmentCount - index);
        new Span<nuint>(_segments + (2 * index), moved).CopyTo(new Span<nuint>(_segments + (2 * index) + 2, moved));
        int place = OperatingSystem.IsWindows() ? 1 : 0;
        _segments[(2 * index) + place] = (nuint)start;
        _segments[(2 * index) + 1 - place] = (nuint)bytes.Length;
        _segmentCount++;
        Length += bytes.Length;
    }

    /// <summary>Has the run of a file sent from its mapping, as all else is.</summary>
    public void SendFromMapping() => _file = null;

    /// <summary>Leaves out what is beyond a length.</summary>
    public void Truncate(long length)
    {
        if (length >= Length)
        {
            return;
        }

        int place = OperatingSystem.IsWindows() ? 1 : 0;
        long excess = Length - Math.Max(0, length);
        Length -= excess;
        while (excess > 0)
        {
            // SAFETY: the segments' lengths sum up to more than what is left out, so _segmentCount is at least 1.
            nuint* last = _segments + (2 * (_segmentCount - 1));
            long part = (long)LengthOf(last);
            last[1 - place] = (nuint)Math.Max(0, part - excess);
            if (part <= excess)
            {
                _segmentCount--;
                _file = null;
            }

            excess -= Math.Min(part, excess);
        }
    }

    /// <summary>Hands all segments to the system in one call.</summary>
    /// <param name="socket">A stream socket; one that does not block, to the system, where the list ends in a file.</param>
    /// <param name="sent">The bytes taken: all of them, or fewer when the socket filled up or the pages ended.</param>
    public SendResult Send(SafeHandle socket, out long sent) =>
        OperatingSystem.IsWindows() ? SendWindows(socket, out sent) : SendUnix(socket, out sent);

    /// <summary>Copies the first bytes of all segments, without ever touching a page that may be gone.</summary>
    /// <param name="destination">Takes as many bytes as it has room for.</param>
    /// <returns>The bytes copied; fewer than there is room for at the end of the list, or before a page that is gone.</returns>
    public int CopyTo(Span<byte> destination)
    {
        if (_segmentCount == 0 || destination.IsEmpty)
        {
            return 0;
        }

        // SAFETY: pinned during the call, which writes no more than the length; what the segments point at is read by the system alone.
        fixed (byte* start = destination)
        {
            return OperatingSystem.IsLinux() ? CopyLinux(start, destination.Length)
                : OperatingSystem.IsWindows() ? CopyEach(start, destination.Length, &ReadWindows)
                : CopyEach(start, destination.Length, &ReadMacOS);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        NativeMemory.Free(_segments);
        NativeMemory.Free(_scratch);
    }

    private int CopyEach(byte* destination, int length, delegate*<nint, byte*, nuint, nuint> read)
    {
        int place = OperatingSystem.IsWindows() ? 1 : 0;
        int done = 0;
        for (int i = 0; i < _segmentCount && done < length; i++)
        {
            // SAFETY: i < _segmentCount; done + part <= length.
            nuint part = Math.Min(LengthOf(_segments + (2 * i)), (nuint)(length - done));
            nuint taken = read((nint)_segments[(2 * i) + place], destination + done, part);
            done += (int)taken;
            if (taken < part)
            {
                break;
            }
        }

        return done;
    }

    /// <summary>The length of a segment: a WSABUF's has 32 bits, with padding behind it.</summary>
    private static nuint LengthOf(nuint* segment) => OperatingSystem.IsWindows() ? segment[0] & uint.MaxValue : segment[1];

    /// <summary>Adds bytes of the scratch, to the last segment where they lie behind it.</summary>
    private void AddBehind(byte* address, int length)
    {
        if (_segmentCount > 0)
        {
            // SAFETY: _segmentCount is at least 1.
            int place = OperatingSystem.IsWindows() ? 1 : 0;
            nuint* last = _segments + (2 * (_segmentCount - 1));
            nuint lastLength = LengthOf(last);
            if (last[place] + lastLength == (nuint)address)
            {
                last[1 - place] = lastLength + (nuint)length;
                Length += length;
                return;
            }
        }

        TryAdd(address, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAdd(byte* address, long length)
    {
        Debug.Assert(_file is null, "nothing follows the run of a file");
        if (length == 0)
        {
            return true;
        }

        if (_segmentCount == MaxSegments)
        {
            return false;
        }

        // SAFETY: _segmentCount < MaxSegments. iovec is { base, length }; WSABUF is { 32-bit length, padding, base }.
        nuint* segment = _segments + (2 * _segmentCount++);
        int place = OperatingSystem.IsWindows() ? 1 : 0;
        segment[place] = (nuint)address;
        segment[1 - place] = (nuint)length;
        Length += length;
        return true;
    }
}
