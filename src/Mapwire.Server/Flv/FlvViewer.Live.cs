using System.Buffers;
using Mapwire.Media.Flv;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Live;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Flv;

/// <content>A live stream as FLV.</content>
internal sealed partial class FlvViewer : ILiveAnnouncer
{
    private LivePlays? _live; // null where a film is watched
    private Action<FlvStream?, Exception?>? _liveOpened; // until it begins
    private bool _isLiveOver;

    /// <summary>The live stream that is watched, or was asked for; null where it is a film.</summary>
    public LivePlay? WatchedLive => _live?.Watched;

    /// <summary>Whether others are short of the pages that the rest of a live message keeps.</summary>
    public bool PinsLivePages => _live is { PinsPages: true };

    /// <summary>Looks at what has happened to the live stream that is watched, and says it. Before anything is gathered.</summary>
    public void LookAtLive() => _live?.Look(Now);

    /// <inheritdoc/>
    void ILiveAnnouncer.Started(LivePlay play) => TellOpened(FlvStream.Endless, null);

    /// <inheritdoc/>
    void ILiveAnnouncer.Changed(LivePlay play, LiveCursor before) => Say(
        before.Time, play.Cursor!.Tracks.Metadata.Span, LaneMessages.HeadersOf(play.Cursor.Tracks.Codecs, before.Tracks.Codecs));

    /// <inheritdoc/>
    void ILiveAnnouncer.Skipped(LivePlay play)
    {
        // FLV has no word for it: the picture goes on with a later time.
    }

    /// <inheritdoc/>
    void ILiveAnnouncer.Ended(LivePlay play)
    {
        if (play.Cursor is { } cursor)
        {
            Say(cursor.Time, default, LaneMessages.EndsOf(cursor.Tracks.Codecs));
        }

        _isLiveOver = true;
    }

    /// <inheritdoc/>
    void ILiveAnnouncer.Refused(LivePlay play, TitleException fault)
    {
        Log.Refused(_context.Log, _peer, play.Stream.Name, fault.Message);
        TellOpened(null, fault);
    }

    /// <summary>Watches a live stream, or waits for it.</summary>
    private void OpenLive(PlayName name, PlayerAbilities abilities, Action<FlvStream?, Exception?> opened)
    {
        _liveOpened = opened;
        _live = new LivePlays();
        LiveName live = LiveName.Of(name);
        try
        {
            (int video, int audio) = LiveName.TracksOf(name);
            _live.Add(new LivePlay(
                _context.Live!, live.Name, new LiveRequest(StreamId, name.Sent, abilities, live.Behind, video, audio), _seat!, this,
                FlvStream.CreateLiveCursor(_isFramed)));
        }
        catch (TitleException fault)
        {
            TellOpened(null, fault);
        }
        catch (IOException exception)
        {
            TellOpened(null, new TitleException(TitleError.Unavailable, exception.Message));
        }
    }

    /// <summary>Says what comes before the first message of a live stream.</summary>
    private void BeginLive(LiveCursor cursor)
    {
        Plays++;
        Log.PlayingLive(_context.Log, _peer, cursor.Stream.Name);
        ArrayBufferWriter<byte> head = new();
        TitleCodecs codecs = cursor.Tracks.Codecs;
        ILookup<bool, int> sent = Enumerable.Range(0, codecs.Lanes.Length).Where(lane => codecs.Lanes[lane] is not null)
            .ToLookup(StripEntry.IsVideoLane);
        FlvFileHeader.Write(head.GetSpan(FlvFileHeader.Length), hasAudio: sent[false].Any(), hasVideo: sent[true].Any());
        head.Advance(FlvFileHeader.Length);
        Write(head, PlayerTime.Zero, cursor.Tracks.Metadata.Span, LaneMessages.HeadersOf(codecs, before: null));
        Say(head.WrittenSpan);
    }

    private void TellOpened(FlvStream? stream, Exception? fault)
    {
        Action<FlvStream?, Exception?>? opened = _liveOpened;
        _liveOpened = null;
        opened?.Invoke(stream, fault);
    }

    private void Say(PlayerTime time, ReadOnlySpan<byte> metadata, IEnumerable<LaneMessage> messages)
    {
        ArrayBufferWriter<byte> tags = new();
        Write(tags, time, metadata, messages);
        Say(tags.WrittenSpan);
    }

    private static void Write(
        ArrayBufferWriter<byte> output, PlayerTime time, ReadOnlySpan<byte> metadata, IEnumerable<LaneMessage> messages)
    {
        uint timestamp = unchecked((uint)time.Milliseconds);
        if (!metadata.IsEmpty)
        {
            FlvTags.Write(output, FlvTagHeader.Script, timestamp, metadata);
        }

        FlvTags.Write(output, timestamp, messages);
    }
}
