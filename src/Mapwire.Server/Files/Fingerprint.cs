using System.Buffers;
using System.Collections.Immutable;
using Mapwire.Memory;

namespace Mapwire.Server.Files;

/// <summary>
/// Checksums of the structure that a file was opened by: its first boxes or tags, its largest (the <c>moov</c>) and its last ones. While
/// they are as they were, a file whose length or time has changed has grown or was touched; else it is another film.
/// </summary>
/// <param name="Pieces">The places and their checksums.</param>
internal sealed record Fingerprint(ImmutableArray<Fingerprint.Piece> Pieces)
{
    /// <summary>Small enough that what each thread's pool keeps of it does not matter.</summary>
    private const int LongestRead = 64 * 1024;

    /// <summary>Whether a mapped file still has the bytes. Reads them by guarded reads, and may wait for the disk.</summary>
    public bool Matches(MappedRegion region)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(LongestRead);
        try
        {
            foreach (Piece piece in Pieces)
            {
                uint crc = Crc32C.Seed;
                for (int read = 0; read < piece.Length; read += LongestRead)
                {
                    Span<byte> part = bytes.AsSpan(0, Math.Min(LongestRead, piece.Length - read));
                    if (!region.TryRead(piece.Offset + read, part))
                    {
                        return false;
                    }

                    crc = Crc32C.Append(crc, part);
                }

                if (crc != piece.Crc)
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>A piece of the structure.</summary>
    internal readonly record struct Piece(long Offset, int Length, uint Crc);

    /// <summary>Takes note of a file's structure as it is read.</summary>
    internal sealed class Builder
    {
        /// <summary>
        /// How many reads from the beginning: the header of an FLV, its metadata and configurations; the boxes up to a moov.
        /// </summary>
        private const int First = 16;

        /// <summary>How many reads before the end.</summary>
        private const int Last = 4;

        /// <summary>An FLV tag of type 18: recorders write durations into it when they are done.</summary>
        private const byte ScriptTag = 18;

        /// <summary>A tag is read together with the number before it, which repeats the length of the tag before.</summary>
        private const int TrailerLength = 4;

        private readonly List<Piece> _first = [];
        private readonly Queue<Piece> _last = new();
        private Piece _largest;

        /// <summary>Takes note of a read.</summary>
        /// <param name="offset">Of the first byte.</param>
        /// <param name="bytes">What was read.</param>
        /// <param name="isFlv">Whether the bytes are FLV tags.</param>
        public void Add(long offset, ReadOnlySpan<byte> bytes, bool isFlv)
        {
            bool mayBeFilledIn =
                !bytes.ContainsAnyExcept((byte)0)
                || (isFlv && offset > 0 && bytes.Length > TrailerLength && (bytes[TrailerLength] & 0x1F) == ScriptTag);
            if (mayBeFilledIn)
            {
                return;
            }

            Piece piece = new(offset, bytes.Length, Crc32C.Append(Crc32C.Seed, bytes));
            _largest = piece.Length > _largest.Length ? piece : _largest;
            if (_first.Count < First)
            {
                _first.Add(piece);
                return;
            }

            _last.Enqueue(piece);
            if (_last.Count > Last)
            {
                _last.Dequeue();
            }
        }

        /// <summary>The fingerprint of what was read.</summary>
        public Fingerprint ToFingerprint() =>
            new([.. _first.Append(_largest).Concat(_last).Where(static piece => piece.Length > 0).Distinct()]);
    }
}
