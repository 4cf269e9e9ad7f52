using Mapwire.Media.Codecs;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Flv;

/// <summary>A track of an FLV file while its tags come in.</summary>
internal sealed class FlvTrack
{
    /// <summary>FLV counts in milliseconds.</summary>
    private const uint Timescale = 1000;

    /// <summary>No picture is shown later than this after it was decoded, in milliseconds: what says so is damaged.</summary>
    private const int MaxComposition = 60_000;

    /// <summary>Steps longer than this, in milliseconds, are pauses, and say nothing of how long a sample lasts.</summary>
    private const long MaxStep = 1000;

    private readonly RunPlaces _places;
    private readonly TableBuilder _samples;
    private readonly List<SampleDescription> _descriptions = [];
    private long _declared;

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

    /// <summary>The codec that its tags name, whether it can be played or not.</summary>
    internal FourCc SampleEntry { get; set; }

    /// <summary>Why tags could not be played: only matters where there is no other.</summary>
    internal string? UnplayableReason { get; set; }

    /// <summary>Whether samples of the track have come that can be played.</summary>
    internal bool IsExpecting { get; private set; }

    internal bool HasCodec => _descriptions.Count > 0;

    /// <summary>The configuration that is in force; null before the first.</summary>
    internal CodecConfiguration? Codec => HasCodec ? _descriptions[^1].Codec : null;

    /// <summary>Samples that have their time.</summary>
    internal int Count => _samples.Count;

    internal long? FirstDecodeTime => _samples.Count == 0 ? null : _samples.FirstTime;

    /// <summary>The time of the last sample, in milliseconds; null before the first.</summary>
    internal long? LastTime { get; private set; }

    /// <summary>The last step from one sample to the next that was no pause, in milliseconds.</summary>
    internal long LastStep { get; private set; }

    /// <summary>How many configurations there have been.</summary>
    internal int Configurations => _descriptions.Count;

    /// <summary>Takes the configuration of the samples from here on; the one that is in force already changes nothing.</summary>
    internal void SetCodec(CodecConfiguration codec)
    {
        if (Codec is { } now && now.FourCc == codec.FourCc && now.Raw.AsSpan().SequenceEqual(codec.Raw.AsSpan()))
        {
            return;
        }

        (int width, int height) = codec.Picture ?? (0, 0); // a key frame may tell
        _descriptions.Add(new SampleDescription
        {
            Type = codec.FourCc,
            Codec = codec,
            Width = width,
            Height = height,
            SampleRate = codec.SampleRate,
            Channels = codec.Channels,
        });
    }

    /// <summary>Counts a sample, and says whether anything can come of it: without a configuration no decoder could use it.</summary>
    /// <param name="isSync">Whether decoding can start with it.</param>
    /// <param name="start">Its first bytes: a key frame may tell how large the picture is.</param>
    internal bool Expect(bool isSync, ReadOnlySpan<byte> start)
    {
        _declared++;
        if (!HasCodec)
        {
            return false;
        }

        IsExpecting = true;

        SampleDescription description = _descriptions[^1];
        if (Kind == TrackKind.Video && isSync && description.Width == 0 && description.Codec!.ReadPicture(start) is { } picture)
        {
            (description.Width, description.Height) = picture;
        }

        return true;
    }

    /// <summary>
    /// Adds a sample with its time. One that is earlier than the one before waits for it, and is shown a second early at most.
    /// </summary>
    /// <param name="sample">The sample.</param>
    /// <param name="time">In milliseconds.</param>
    internal void Add(in FlvSample sample, long time)
    {
        int composition = Math.Abs(sample.Composition) <= MaxComposition ? sample.Composition : 0;
        if (LastTime is { } last)
        {
            time = Math.Max(time, last - MaxStep);
            LastStep = time - last is > 0 and <= MaxStep ? time - last : LastStep;
        }

        LastTime = Math.Max(time, LastTime ?? time);
        _places.Add(_samples.Count, sample.Headers);
        if (!_samples.TryAdd(time, 0, composition, sample.Tag + sample.Headers, sample.Size, sample.IsSync, sample.Description))
        {
            throw new InvalidOperationException($"The time {time} is far before the last one.");
        }
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
            SampleEntry = HasCodec ? _descriptions[0].Type : SampleEntry,
            Place = Place,
            DeclaredSamples = _declared,
        };
        if (_samples.Count == 0)
        {
            return draft.ToListed(UnplayableReason ?? (HasCodec ? TrackDraft.NoSamples : "it has no codec configuration"));
        }

        // The file does not say how long the last sample lasts: as long as most do.
        long duration = _samples.MostFrequentStep();
        MediaTables tables = _samples.Build(fileLength, decodeShift: 0, duration);
        // Decode times stay even where composition times are negative: both are the file's own, and players of FLV know no others.
        Segment all = new(0, tables.Count, _samples.FirstTime - origin);
        return draft.ToTrack(new SampleTable(tables, [all]), _samples.End + duration - origin);
    }
}
