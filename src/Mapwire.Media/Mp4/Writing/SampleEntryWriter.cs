using System.Collections.Immutable;
using Mapwire.Media.Codecs;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// Writes sample entries (ISO/IEC 14496-12, 12.1.3 and 12.2.3): the file's own fields and boxes where it is an MP4, so that codec
/// configurations are the same bytes; else made of the codec configuration.
/// </summary>
internal static partial class SampleEntryWriter
{
    private const uint Colr = 'c' << 24 | 'o' << 16 | 'l' << 8 | 'r';
    private const uint Pasp = 'p' << 24 | 'a' << 16 | 's' << 8 | 'p';
    private const uint Clap = 'c' << 24 | 'l' << 16 | 'a' << 8 | 'p';
    private const uint Nclc = 'n' << 24 | 'c' << 16 | 'l' << 8 | 'c';

    /// <summary>The box with the codec's configuration, its type and its body.</summary>
    private readonly record struct ConfigurationBox(FourCc Entry, uint Type, ImmutableArray<byte> Body);

    /// <summary>The entry of a track's sample description, with its header.</summary>
    /// <param name="track">A track that can be played.</param>
    /// <param name="description">Counted from 0.</param>
    /// <exception cref="Mp4WritingException">The codec is one of FLV alone.</exception>
    internal static byte[] Create(Track track, int description)
    {
        SampleDescription source = track.Descriptions[description];
        ConfigurationBox configuration = Configure(track, track.Codecs[description], source);
        BoxWriter writer = new(256);
        int entry = writer.Begin(configuration.Entry.Value);
        writer.WriteZeros(6);
        writer.WriteUInt16(1); // data_reference_index
        if (track.Kind == TrackKind.Video)
        {
            WriteVideoFields(writer, source);
        }
        else
        {
            WriteAudioFields(writer, source);
        }

        if (configuration.Type != 0)
        {
            writer.WriteBox(configuration.Type, configuration.Body.AsSpan());
        }

        foreach ((FourCc type, ImmutableArray<byte> body) in source.Source?.Boxes ?? [])
        {
            if (type.Value == configuration.Type || track.Kind == TrackKind.Audio)
            {
                continue;
            }

            if (type.Value == Colr && body.Length == 10 && FourCc.Read(body.AsSpan()).Value == Nclc)
            {
                writer.WriteBox(Colr, [.. "nclx"u8, .. body.AsSpan()[4..], 0]); // QuickTime's form of the same
                continue;
            }

            writer.WriteBox(type.Value, body.AsSpan());
        }

        writer.End(entry);
        return writer.ToMemory().ToArray();
    }

    /// <summary>For each sample description the number of the first whose entry has the same bytes: files repeat them.</summary>
    /// <exception cref="Mp4WritingException">A codec is one of FLV alone.</exception>
    internal static int[] FindSame(Track track)
    {
        List<byte[]> entries = [];
        int[] same = new int[track.Codecs.Length];
        for (int i = 0; i < same.Length; i++)
        {
            byte[] entry = Create(track, i);
            same[i] = entries.FindIndex(other => other.AsSpan().SequenceEqual(entry));
            same[i] = same[i] < 0 ? i : same[i];
            entries.Add(entry);
        }

        return same;
    }

    /// <summary>
    /// Whether two films have a sample description that decodes and shows the same: the codec's own configuration, the size and the shape.
    /// What a writer says of bit rates differs from film to film.
    /// </summary>
    internal static bool IsSame(Track one, int description, Track other, int otherDescription)
    {
        (CodecConfiguration codec, CodecConfiguration otherCodec) = (one.Codecs[description], other.Codecs[otherDescription]);
        (SampleDescription left, SampleDescription right) = (one.Descriptions[description], other.Descriptions[otherDescription]);
        return codec.FourCc == otherCodec.FourCc && codec.Raw.AsSpan().SequenceEqual(otherCodec.Raw.AsSpan())
            && (left.Width, left.Height, left.SampleRate, left.Channels) == (right.Width, right.Height, right.SampleRate, right.Channels)
            && (one.Kind == TrackKind.Audio || ShapeOf(left).SequenceEqual(ShapeOf(right)));
    }

    /// <summary>What besides the codec says how pictures are shown: its pixels, its cut and its colours.</summary>
    private static IEnumerable<string> ShapeOf(SampleDescription description) => (description.Source?.Boxes ?? [])
        .Where(static box => box.Type.Value is Pasp or Clap or Colr)
        .Select(static box => $"{box.Type} {Convert.ToHexString(box.Body.AsSpan())}");

    private static void WriteVideoFields(BoxWriter writer, SampleDescription source)
    {
        // pre_defined(16) | reserved(16) | pre_defined(32)[3] | width(16) | height(16) | horizresolution(32) | vertresolution(32)
        // | reserved(32) | frame_count(16) | compressorname[32] | depth(16) | pre_defined(16)=-1
        ReadOnlySpan<byte> fields = source.Source is null ? default : source.Source.Fields.AsSpan();
        writer.WriteZeros(16);
        WriteSize(writer, fields.IsEmpty ? default : fields.Slice(16, 2), source.Width);
        WriteSize(writer, fields.IsEmpty ? default : fields.Slice(18, 2), source.Height);
        if (!fields.IsEmpty)
        {
            writer.Write(fields[20..]);
            return;
        }

        writer.WriteUInt32(72 << 16);
        writer.WriteUInt32(72 << 16);
        writer.WriteZeros(4);
        writer.WriteUInt16(1);
        writer.WriteZeros(32);
        writer.WriteUInt16(24);
        writer.WriteUInt16(-1);
    }

    /// <summary>What the file says, or else what the pictures do.</summary>
    private static void WriteSize(BoxWriter writer, ReadOnlySpan<byte> field, int pixels)
    {
        if (field.ContainsAnyExcept((byte)0))
        {
            writer.Write(field);
        }
        else
        {
            writer.WriteUInt16(Math.Min(pixels, ushort.MaxValue));
        }
    }

    private static void WriteAudioFields(BoxWriter writer, SampleDescription source)
    {
        // reserved(32)[2] | channelcount(16) | samplesize(16) | pre_defined(16) | reserved(16) | samplerate(16.16)
        ReadOnlySpan<byte> fields = source.Source is null ? default : source.Source.Fields.AsSpan();
        writer.WriteZeros(8);
        if (!fields.IsEmpty && fields[1] < 2) // QuickTime's version 2 has other numbers here
        {
            writer.Write(fields.Slice(8, 4));
            writer.WriteZeros(4);
            writer.Write(fields.Slice(16, 4));
            return;
        }

        writer.WriteUInt16(Math.Min(source.Channels, ushort.MaxValue));
        writer.WriteUInt16(16);
        writer.WriteZeros(4);
        writer.WriteUInt16(source.SampleRate <= ushort.MaxValue ? source.SampleRate : 0); // the codec's configuration says it
        writer.WriteUInt16(0);
    }
}
