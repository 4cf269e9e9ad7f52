using System.Buffers.Binary;

namespace Mapwire.Media.Flv;

/// <summary>
/// Searches a damaged FLV file for the next tag: a header that is regular, and behind its body the number that repeats its length. Like the
/// reader it says which bytes it wants next.
/// </summary>
/// <param name="fileLength">In bytes.</param>
/// <param name="budget">How many bytes may be looked at in the whole file.</param>
internal sealed class FlvResync(long fileLength, long budget)
{
    private const int ChunkLength = 64 << 10;

    /// <summary>What a look at a candidate's trailer counts for: a read of its own.</summary>
    private const int CandidateCost = 4096;

    private byte[] _chunk = [];
    private long _chunkOffset;
    private int _next; // in the chunk
    private long _candidate = -1;
    private int _candidateLength;

    internal enum Outcome
    {
        /// <summary>More bytes are wanted.</summary>
        Searching,

        /// <summary>A tag begins at <see cref="Found"/>.</summary>
        Found,

        /// <summary>There is no tag up to the end of the file, or none within the budget.</summary>
        NotFound,
    }

    /// <summary>The offset of the tag that was found.</summary>
    internal long Found { get; private set; }

    /// <summary>The bytes that are wanted next.</summary>
    internal (long Offset, int Length) Wanted { get; private set; }

    /// <summary>Begins a search.</summary>
    /// <param name="offset">The first byte at which a tag may begin.</param>
    internal Outcome Begin(long offset)
    {
        _candidate = -1;
        return WantChunk(offset);
    }

    /// <summary>Takes the bytes that were wanted.</summary>
    internal Outcome Add(ReadOnlySpan<byte> bytes)
    {
        if (_candidate < 0)
        {
            (_chunk, _next) = (bytes.ToArray(), 0);
            return Scan();
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(bytes) == (uint)_candidateLength)
        {
            Found = _candidate;
            _chunk = [];
            return Outcome.Found;
        }

        _candidate = -1;
        return Scan();
    }

    private Outcome Scan()
    {
        while (_next + FlvTagHeader.Length <= _chunk.Length)
        {
            int step = _chunk.AsSpan(_next).IndexOfAny((byte)FlvTagHeader.Audio, (byte)FlvTagHeader.Video, (byte)FlvTagHeader.Script);
            if (step < 0 || _next + step + FlvTagHeader.Length > _chunk.Length)
            {
                _next = step < 0 ? _chunk.Length : _next + step;
                break;
            }

            int at = _next + step;
            _next = at + 1;
            FlvTagHeader tag = FlvTagHeader.Parse(_chunk.AsSpan(at));
            long end = _chunkOffset + at + tag.TagLength;
            if (!tag.IsRegular || tag.DataLength == 0 || end + FlvTagHeader.TrailerLength > fileLength)
            {
                continue;
            }

            budget -= CandidateCost;
            if (budget < 0)
            {
                return Outcome.NotFound;
            }

            (_candidate, _candidateLength) = (_chunkOffset + at, tag.TagLength);
            Wanted = (end, FlvTagHeader.TrailerLength);
            return Outcome.Searching;
        }

        // A header may reach over the end of the chunk.
        long next = _chunkOffset + Math.Max(1, Math.Min(_next, _chunk.Length - FlvTagHeader.Length + 1));
        return WantChunk(next);
    }

    private Outcome WantChunk(long offset)
    {
        int length = (int)Math.Min(ChunkLength, fileLength - offset);
        budget -= length;
        if (length < FlvTagHeader.Length || budget < 0)
        {
            return Outcome.NotFound;
        }

        _chunkOffset = offset;
        Wanted = (offset, length);
        return Outcome.Searching;
    }
}
