using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Server.Files;

namespace Mapwire.Server.Strips;

/// <summary>
/// Makes titles of a media file for viewers of the same tracks: the first one, and when the file has grown another one that shares all
/// that was settled before.
/// </summary>
internal sealed class TitleIndexer : IDerived
{
    private readonly CodecConfiguration[] _sounds;
    private readonly ImmutableArray<TitleLane?> _lanes;
    private readonly StripBuilder _strips;
    private readonly Lock _gate = new();
    private Made? _last;
    private TitleException? _fault;

    /// <param name="file">The open file.</param>
    /// <param name="chosen">The tracks that are played.</param>
    /// <param name="abilities">The viewers', which say how tracks are headed.</param>
    /// <param name="work">Told what is waited for; null when nobody asks.</param>
    public TitleIndexer(MediaFile file, ChosenTracks chosen, PlayerAbilities abilities, FileWork? work = null)
    {
        _sounds = [.. chosen.Audio.Select(track => SoundOf(file, track, work))];
        _lanes =
        [
            chosen.Video is null ? null : TitleLane.Video(chosen.Video, abilities),
            .. _sounds.Select((sound, number) => TitleLane.Audio(sound, abilities, number)),
        ];
        _strips = new StripBuilder(chosen, _lanes, abilities);
    }

    /// <inheritdoc/>
    public long ByteSize => _strips.Settled.ByteSize + (Volatile.Read(ref _last)?.Title.ByteSize ?? 0);

    /// <summary>The title of what a file held at a moment, or of a later one; null when it was not made yet.</summary>
    public Title? Find(FileContent content) =>
        Volatile.Read(ref _last) is { } last && last.Content.Identity.Length >= content.Identity.Length ? last.Title : null;

    /// <summary>Makes the title of what a file held at a moment, unless another thread was faster.</summary>
    /// <param name="file">Held by whoever uses the title.</param>
    /// <param name="content">What it held.</param>
    /// <param name="chosen">What of it is played: the tracks of this indexer, as they were at that moment.</param>
    /// <param name="isNew">Whether it was made now.</param>
    /// <exception cref="TitleException">It cannot be played.</exception>
    public Title Make(MediaFile file, FileContent content, ChosenTracks chosen, out bool isNew)
    {
        lock (_gate)
        {
            isNew = false;
            if (Find(content) is { } made)
            {
                return made;
            }

            if (_fault is not null)
            {
                throw new TitleException(_fault.Error, _fault.Message, _fault);
            }

            try
            {
                Title title = Build(file, content, chosen);
                Volatile.Write(ref _last, new Made(content, title));
                isNew = true;
                return title;
            }
            catch (TitleException fault)
            {
                _fault = fault; // what comes behind a sample that cannot be sent is no film without it
                throw;
            }
        }
    }

    private Title Build(MediaFile file, FileContent content, ChosenTracks chosen)
    {
        Strip strip = _strips.Build(chosen, content.MayGrow);
        byte[] metadata = new TitleMetadata(content.Identity.Length, chosen, _sounds, _lanes, strip).Write();
        return new Title(file, strip, new TitleCodecs(_lanes, _strips.Changes), metadata);
    }

    /// <summary>
    /// The audio configuration. Some codecs have none in the file, and muxers write two channels for them whatever there are: the first
    /// frame's own header knows.
    /// </summary>
    private static CodecConfiguration SoundOf(MediaFile file, Track audio, FileWork? work)
    {
        if (audio.Codec is { Codec.FrameHeaderLength: > 0 and int length } codec)
        {
            foreach (Sample sample in audio.Samples)
            {
                byte[] frame = new byte[Math.Min(sample.Size, length)];
                file.Read(sample.Offset, frame, audio.Samples.FindLocation(0, SampleField.Offset, out _), work);
                return codec.Codec.ReadFrame(frame) is { SampleRate: > 0 } sound ? sound : codec;
            }
        }

        return audio.Codec!;
    }

    private sealed record Made(FileContent Content, Title Title);
}

/// <summary>
/// What makes the strip of one viewer differ from another's of the same file: the tracks that result from their wishes and abilities, and
/// how each is headed. Wishes that come to the same are one strip, so a client cannot make strips by wishing.
/// </summary>
/// <param name="Tracks">Ids of tracks in the order of their lanes, each with a letter for its kind of header.</param>
internal readonly record struct StripKey(string Tracks)
{
    /// <summary>The key of a choice.</summary>
    /// <param name="chosen">The tracks that result.</param>
    /// <param name="abilities">The viewer's, which say how tracks are headed.</param>
    public static StripKey Of(ChosenTracks chosen, PlayerAbilities abilities)
    {
        StringBuilder key = new();
        Append(key, 'v', chosen.Video, 0, abilities);
        for (int number = 0; number < chosen.Audio.Count; number++)
        {
            Append(key, 'a', chosen.Audio[number], number, abilities);
        }

        return new StripKey(key.ToString());
    }

    private static void Append(StringBuilder key, char kind, Track? track, int number, PlayerAbilities abilities)
    {
        if (track?.Codec is not { } codec)
        {
            return;
        }

        key.Append(CultureInfo.InvariantCulture, $"{kind}{track.Id}");
        if (number > 0 || TitleLane.GoesExtended(codec, abilities))
        {
            key.Append(abilities.Has(PlayerAbilities.Nanoseconds) ? 'n' : 'x');
        }
    }
}
