using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Flv;

/// <summary>A track of an FLV file while its tags come in.</summary>
internal sealed class FlvTrack
{
    /// <summary>FLV counts in milliseconds.</summary>
    private const uint Timescale = 1000;

    private readonly RunPlaces _places;
    private readonly TableBuilder _samples;
    private readonly List<SampleDescription> _descriptions = [];
    private long _declared;
    private long _lastTime;
    private long _lastDuration;

    internal FlvTrack(TrackKind kind, uint id, FileLocation place)
    {
        (Kind, Id, Place) = (kind, id, place);
        _places = new RunPlaces(place.Structure, isDistance: true);
        _samples = new TableBuilder(_places);
    }

    /// <summary>Its first tag.</summary>
    internal FileLocation Place { get; }

    internal TrackKind Kind { get; }

    internal uint Id { get; }

    /// <summary>Why the track cannot be played; null when it can.</summary>
    internal string? UnplayableReason { get; set; }

    internal bool HasCodec => _descriptions.Count > 0;

    internal int Count => _samples.Count;

    internal long? FirstDecodeTime => _samples.Count == 0 ? null : _samples.FirstTime;

    /// <summary>How many configurations there have been.</summary>
    internal int Configurations => _descriptions.Count;

    /// <summary>Takes the configuration of the samples from here on; the one that is in force already changes nothing.</summary>
    internal void SetCodec(CodecConfiguration codec)
    {
        if (HasCodec && _descriptions[^1].Codec!.FourCc == codec.FourCc && _descriptions[^1].Codec!.Raw.AsSpan().SequenceEqual(codec.Raw.AsSpan()))
        {
            return;
        }

        (int width, int height) = PictureSize.Of(codec) ?? (0, 0); // a key frame may tell
        (int rate, int channels) = codec switch
        {
            AacConfiguration aac => (aac.SampleRate, aac.Channels),
            Mp3Configuration mp3 => (mp3.SampleRate, mp3.Channels),
            OpusConfiguration opus => (OpusConfiguration.SampleRate, opus.Channels),
            FlacConfiguration flac => (flac.SampleRate, flac.Channels),
            DolbyConfiguration dolby => (dolby.SampleRate, dolby.Channels),
            _ => (0, 0),
        };
        _descriptions.Add(new SampleDescription
        {
            Type = codec.FourCc,
            Codec = codec,
            Width = width,
            Height = height,
            SampleRate = rate,
            Channels = channels,
        });
    }

    /// <summary>Adds a sample; without a configuration it is only counted, since nobody could decode it.</summary>
    /// <param name="time">In milliseconds.</param>
    /// <param name="composition">In milliseconds.</param>
    /// <param name="tag">The offset of the tag around it.</param>
    /// <param name="headers">From there to its first byte.</param>
    /// <param name="size">In bytes.</param>
    /// <param name="isSync">Whether decoding can start here.</param>
    /// <param name="start">Its first bytes.</param>
    /// <returns>False when its time is too far before the last one's.</returns>
    internal bool TryAdd(long time, int composition, long tag, int headers, uint size, bool isSync, ReadOnlySpan<byte> start)
    {
        _declared++;
        if (!HasCodec || UnplayableReason is not null)
        {
            return true;
        }

        SampleDescription description = _descriptions[^1];
        if (Kind == TrackKind.Video && isSync && description.Width == 0 && PictureSize.Of(description.Codec!, start) is { } picture)
        {
            (description.Width, description.Height) = picture;
        }

        // The last sample lasts as long as the one before it; the file does not say.
        if (_samples.Count > 0)
        {
            _lastDuration = Math.Max(0, time - _lastTime);
        }

        _lastTime = time;
        _places.Add(_samples.Count, headers);
        return _samples.TryAdd(time, _lastDuration, composition, tag + headers, size, isSync, _descriptions.Count - 1);
    }

    /// <param name="origin">Taken off all times, in milliseconds.</param>
    /// <param name="fileLength">All samples are in it.</param>
    internal Track ToTrack(long origin, long fileLength)
    {
        TrackDraft draft = new()
        {
            Id = Id,
            IsEnabled = true,
            Kind = Kind,
            Timescale = Timescale,
            Descriptions = [.. _descriptions],
            SampleEntry = HasCodec ? _descriptions[0].Type : default,
            Place = Place,
            DeclaredSamples = _declared,
        };
        if (UnplayableReason is not null || _samples.Count == 0)
        {
            return draft.ToListed(UnplayableReason ?? (HasCodec ? "it has no samples" : "it has no codec configuration"));
        }

        MediaTables tables = _samples.Build(fileLength, decodeShift: 0);
        // Decode times stay even where composition times are negative: both are the file's own, and players of FLV know no others.
        Segment all = new(0, tables.Count, _samples.FirstTime - origin);
        return draft.ToTrack(new SampleTable(tables, [all]), _samples.End - origin);
    }
}
