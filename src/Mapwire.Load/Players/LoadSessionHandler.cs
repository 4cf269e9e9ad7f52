using Mapwire.Load.Measuring;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Load.Players;

/// <summary>What one connection hears from the server: answers its way to the first frame, and checks every frame after.</summary>
internal sealed class LoadSessionHandler : IClientSessionHandler
{
    private readonly LoadLoop _loop;
    private readonly RtmpUrl _url;
    private readonly long _intendedStart;
    private readonly FrameMatch? _match;
    private PlaybackCheck _check = new();
    private byte _head; // the first byte of a message that was cut after it
    private bool _isReady; // connect was accepted
    private bool _isAudioAlone;
    private uint _streamId;
    private bool _hasPlayed;
    private long _partStarted;
    private long _seekIntended;
    private bool _awaitsNotify;
    private bool _awaitsKey;
    private long _playSent;

    /// <param name="loop">Where the connection lives.</param>
    /// <param name="url">What it plays.</param>
    /// <param name="intendedStart">When it was to be begun.</param>
    /// <param name="sent">What this process publishes there, to compare; null when nothing is compared.</param>
    public LoadSessionHandler(LoadLoop loop, RtmpUrl url, long intendedStart, SentFrames? sent = null)
    {
        _loop = loop;
        _url = url;
        _intendedStart = intendedStart;
        _match = sent is null ? null : new FrameMatch(sent, loop.Tally.Match);
    }

    /// <summary>The session that this listens to; set before it hears anything.</summary>
    public ClientSession? Session { get; set; }

    /// <summary>The clock, set before bytes are given to the session.</summary>
    public long Now { get; set; }

    /// <summary>How far the play is.</summary>
    public PlayerStage Stage { get; private set; } = PlayerStage.Opening;

    /// <summary>The play so far, since the last seek.</summary>
    public ref readonly PlaybackCheck Check => ref _check;

    /// <summary>The server said that the film is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Why the server does not play; null when it does.</summary>
    public string? Refusal { get; private set; }

    /// <summary>A seek was asked for and its keyframe did not come yet.</summary>
    public bool IsSeeking => _awaitsNotify || _awaitsKey;

    /// <summary>Asks for a random place.</summary>
    public void Seek(long intended, long now)
    {
        if (_loop.DurationOf(_url) is not { } seconds)
        {
            return; // the server told none, so there is no telling where to go
        }

        _loop.Tally.SeeksUnanswered += IsSeeking ? 1 : 0;
        _loop.Tally.Seeks++;
        Settle(now);
        _seekIntended = intended;
        _awaitsNotify = true;
        _awaitsKey = true;
        Session!.Seek(_streamId, Math.Floor(_loop.Random.NextDouble() * seconds * 0.9 * 1000));
    }

    /// <summary>Pauses, or goes on.</summary>
    public void TogglePause(long now)
    {
        if (_check.IsPaused)
        {
            _check.Resume(now);
        }
        else
        {
            _check.Pause(now);
            _loop.Tally.Pauses++;
        }

        Session!.Pause(_streamId, _check.IsPaused, _check.TimeShownAt(now));
    }

    /// <summary>Ends the part of the play since its start or the last seek.</summary>
    public void Settle(long now)
    {
        if (_check.HasStarted)
        {
            _check.Settle(now);
            _loop.Tally.Take(in _check, now - _partStarted);
            _check = new PlaybackCheck();
        }
    }

    /// <inheritdoc/>
    public void OnConnected(bool accepted, StatusInfo status)
    {
        if (!accepted)
        {
            Refusal = $"refused: {status.Code}";
            return;
        }

        if (!_isReady)
        {
            _isReady = true;
            _loop.Tally.Accepted.Add(Now - _intendedStart);
            Session!.CreateStream();
        }
    }

    /// <inheritdoc/>
    public void OnResult(double transactionId, bool succeeded, AmfValue value)
    {
        if (Stage != PlayerStage.Opening)
        {
            return;
        }

        if (!succeeded || value.AsNumber() is not { } id)
        {
            Refusal = "refused: no stream";
            return;
        }

        Stage = PlayerStage.Starting;
        _streamId = (uint)id;
        Session!.SetBufferLength(_streamId, _loop.BufferMilliseconds);
        Session.Play(_streamId, new PlayCommand(0, _url.Name));
        _playSent = Now;
    }

    /// <inheritdoc/>
    public void OnStatus(uint streamId, StatusInfo status)
    {
        if (status.Code == StatusCodes.PlayStop)
        {
            IsOver = _hasPlayed && !_awaitsNotify;
        }
        else if (status.Code == StatusCodes.SeekNotify)
        {
            _awaitsNotify = false;
        }
        else if (status.Level == StatusCodes.Error)
        {
            Refusal = $"refused: {status.Code}";
        }
    }

    /// <inheritdoc/>
    public void OnUserControl(UserControl control) =>
        IsOver |= control.Event == UserControlEvent.StreamEof && _hasPlayed && !_awaitsNotify;

    /// <inheritdoc/>
    public void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values)
    {
        if (name != "onMetaData" || values.Length == 0)
        {
            return;
        }

        _isAudioAlone = values[0]["videocodecid"] is null && values[0]["audiocodecid"] is not null;
        if (values[0]["duration"]?.AsNumber() is { } seconds and > 0)
        {
            _loop.LearnDuration(_url, seconds);
        }
    }

    /// <inheritdoc/>
    public void OnMedia(in RtmpMessage message, long timestamp)
    {
        _match?.Take(message.TypeId == MessageType.Video, message.Payload, timestamp, Now);
        ReadOnlySpan<byte> piece = message.Payload;
        if (message.PayloadOffset > 1 || piece.IsEmpty)
        {
            return;
        }

        // Two bytes tell what it is; they may come in two pieces.
        byte first = message.IsFirst ? piece[0] : _head;
        byte second = 0;
        if (message.Length > 1)
        {
            int at = 1 - message.PayloadOffset;
            if (at >= piece.Length)
            {
                _head = first;
                return;
            }

            second = piece[at];
        }

        bool isVideo = message.TypeId == MessageType.Video;
        MediaFrame frame = isVideo ? MediaFrame.OfVideo(first, second) : MediaFrame.OfAudio(first, second);
        if (frame.IsCoded && !_awaitsNotify)
        {
            OnFrame(isVideo, frame.IsKey, timestamp);
        }
    }

    private void OnFrame(bool isVideo, bool isKey, long timestamp)
    {
        _loop.Tally.Frames++;
        if (!_check.HasStarted)
        {
            _partStarted = Now;
        }

        _check.Add(isVideo, timestamp, Now);
        if ((isVideo || _isAudioAlone) && !_hasPlayed)
        {
            _hasPlayed = true;
            Stage = PlayerStage.Playing;
            _loop.Tally.Plays++;
            _loop.Tally.FirstFrame.Add(Now - _intendedStart);
            _loop.Tally.FirstFrameOfPlay.Add(Now - _playSent);
        }

        if ((isKey || _isAudioAlone) && _awaitsKey)
        {
            _awaitsKey = false;
            _loop.Tally.Seek.Add(Now - _seekIntended);
        }
    }
}
