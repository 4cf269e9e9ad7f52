using Mapwire.Media.Codecs;

namespace Mapwire.Media.Tables;

/// <summary>One entry of <c>stsd</c>, understood.</summary>
internal sealed class SampleDescription
{
    internal required FourCc Type { get; init; }

    /// <summary>Of the entry in the file.</summary>
    internal long Offset { get; set; }

    /// <summary>Null when <see cref="UnplayableReason"/> says why.</summary>
    internal CodecConfiguration? Codec { get; init; }

    internal string? UnplayableReason { get; init; }

    internal int Width { get; set; }

    internal int Height { get; set; }

    /// <summary>What the boxes say about colour; null when nothing.</summary>
    internal VideoColor? Color { get; init; }

    internal int SampleRate { get; init; }

    internal int Channels { get; init; }

    /// <summary>The entry's fields and boxes; null where the file is no MP4.</summary>
    internal Mp4.SampleEntrySource? Source { get; init; }

    /// <summary>Which entry of <c>dref</c> says where the samples are, counted from 1.</summary>
    internal int DataReference { get; init; }
}
