namespace Mapwire.Media.Flv;

/// <summary>What the headers of extended video and audio messages have in common.</summary>
internal ref struct ExtendedFields
{
    internal const int MaxNanoseconds = 999_999;
    private const byte ModExType = 7;
    private const int NanosecondLength = 3;

    private readonly ReadOnlySpan<byte> _body;
    private int _position;

    /// <param name="body">Of the message.</param>
    /// <param name="position">Just past the packet type in its first byte.</param>
    internal ExtendedFields(ReadOnlySpan<byte> body, int position)
    {
        _body = body;
        _position = position;
    }

    internal readonly int Position => _position;

    internal readonly int Remaining => _body.Length - _position;

    internal byte ReadByte() => _body[_position++];

    internal int ReadUInt24()
    {
        int value = UInt24.Read(_body[_position..]);
        _position += 3;
        return value;
    }

    /// <summary>Passes over the modifiers in front of a packet type, and reads the one that is defined.</summary>
    /// <returns>False when the bytes are too few.</returns>
    internal bool TryReadModifiers(ref byte packetType, out int nanoseconds)
    {
        // while the type is ModEx: size-1(8) | size-1(16) if that gave 256 | data | modifier type(4) packet type(4)
        nanoseconds = 0;
        while (packetType == ModExType)
        {
            if (Remaining < 1)
            {
                return false;
            }

            int size = ReadByte() + 1;
            if (size == 256)
            {
                if (Remaining < 2)
                {
                    return false;
                }

                size = (ReadByte() << 8 | ReadByte()) + 1;
            }

            if (Remaining < size + 1)
            {
                return false;
            }

            ReadOnlySpan<byte> data = _body.Slice(_position, size);
            _position += size;
            byte types = ReadByte();
            if (types >> 4 == 0 && size >= NanosecondLength)
            {
                nanoseconds = data[0] << 16 | data[1] << 8 | data[2];
            }

            packetType = (byte)(types & 15);
        }

        return true;
    }

    /// <summary>Reads the codec and the first track's place, from behind the packet type on.</summary>
    /// <param name="multitrackType">The packet type that says that there are tracks.</param>
    /// <param name="packetType">Becomes the type of the tracks where there are some.</param>
    /// <param name="codec">Of the first track.</param>
    /// <param name="track">Null where there are no tracks.</param>
    /// <returns>False when the bytes are too few.</returns>
    /// <exception cref="FlvFormatException">The kind of tracks is not defined, or tracks are inside tracks.</exception>
    internal bool TryReadTrack(byte multitrackType, ref byte packetType, out FourCc codec, out ExtendedTrack? track)
    {
        // codec(32), or: multitrack type(4) packet type(4) | codec(32) | track(8) | size(24) unless it is one track
        codec = default;
        track = null;
        if (packetType != multitrackType)
        {
            return TryReadCodec(out codec);
        }

        if (Remaining < 1)
        {
            return false;
        }

        byte types = ReadByte();
        MultitrackType type = (MultitrackType)(types >> 4);
        packetType = (byte)(types & 15);
        if (type > MultitrackType.ManyTracksManyCodecs)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, _position - 1, $"multitrack type {types >> 4} is not defined");
        }

        if (packetType == multitrackType || packetType == ModExType)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, _position - 1, "tracks inside tracks, or modifiers, are not allowed");
        }

        return TryReadCodec(out codec) && TryReadNumber(type, out track);
    }

    /// <summary>Reads the codec, where it is not known, and place of a track after the first.</summary>
    internal bool TryReadNextTrack(MultitrackType type, ref FourCc codec, out ExtendedTrack? track)
    {
        track = null;
        return (type != MultitrackType.ManyTracksManyCodecs || TryReadCodec(out codec)) && TryReadNumber(type, out track);
    }

    /// <summary>
    /// Writes the packet type, behind the modifiers that there are, into the lower half of the first byte and what follows it.
    /// </summary>
    /// <returns>The length.</returns>
    internal static int WriteType(Span<byte> destination, byte packetType, int nanoseconds)
    {
        if (nanoseconds == 0)
        {
            destination[0] |= packetType;
            return 1;
        }

        destination[0] |= ModExType;
        destination[1] = NanosecondLength - 1;
        UInt24.Write(destination[2..], nanoseconds);
        destination[5] = packetType; // in the upper half: modifier type 0, the nanoseconds
        return 6;
    }

    /// <summary>Writes everything behind the first byte's upper half; returns the length.</summary>
    internal static int Write(
        Span<byte> destination, byte packetType, byte multitrackType, FourCc codec, int nanoseconds, in ExtendedTrack? track)
    {
        int position = WriteType(destination, track is null ? packetType : multitrackType, nanoseconds);
        if (track is { } place)
        {
            destination[position++] = (byte)((byte)place.Type << 4 | packetType);
        }

        codec.WriteTo(destination[position..]);
        position += 4;
        return position + WriteNumber(destination[position..], track);
    }

    /// <summary>Writes a track's number and size; returns the length.</summary>
    internal static int WriteNumber(Span<byte> destination, in ExtendedTrack? track)
    {
        if (track is not { } place)
        {
            return 0;
        }

        destination[0] = place.Id;
        if (place.Type == MultitrackType.OneTrack)
        {
            return 1;
        }

        UInt24.Write(destination[1..], place.Length);
        return 4;
    }

    /// <summary>Bytes that <see cref="WriteType"/> takes.</summary>
    internal static int MeasureType(int nanoseconds) => nanoseconds == 0 ? 1 : 6;

    /// <summary>Bytes that <see cref="Write"/> takes.</summary>
    internal static int Measure(int nanoseconds, in ExtendedTrack? track) =>
        MeasureType(nanoseconds) + 4 + (track is { } place ? place.Type == MultitrackType.OneTrack ? 2 : 5 : 0);

    internal static void Check(Span<byte> destination, int length, int nanoseconds, in ExtendedTrack? track)
    {
        if (destination.Length < length)
        {
            throw new ArgumentException($"The header takes {length} bytes.", nameof(destination));
        }

        if (nanoseconds is < 0 or > MaxNanoseconds)
        {
            throw new ArgumentException($"A nanosecond offset is at most {MaxNanoseconds}.", nameof(nanoseconds));
        }

        if (track is { Length: < 0 or > ExtendedTrack.MaxLength })
        {
            throw new ArgumentException("A track's length has 24 bits.", nameof(track));
        }
    }

    private bool TryReadCodec(out FourCc codec)
    {
        codec = default;
        if (Remaining < 4)
        {
            return false;
        }

        codec = FourCc.Read(_body[_position..]);
        _position += 4;
        return true;
    }

    private bool TryReadNumber(MultitrackType type, out ExtendedTrack? track)
    {
        track = null;
        if (Remaining < (type == MultitrackType.OneTrack ? 1 : 4))
        {
            return false;
        }

        byte id = ReadByte();
        track = new ExtendedTrack(type, id, type == MultitrackType.OneTrack ? 0 : ReadUInt24());
        return true;
    }
}
