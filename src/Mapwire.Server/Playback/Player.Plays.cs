using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <content>How plays begin, follow each other and end.</content>
internal sealed partial class Player
{
    /// <summary>Opens titles off this thread and comes back with them, unless something else was asked of the stream meanwhile.</summary>
    private void Open(PlayerStream stream, PlayName name, bool reset, Task after, Action<Reel> opened)
    {
        if (_openings is { IsFull: true })
        {
            Fail(stream, name, reset,
                new TitleException(TitleError.NotPlayable, $"more than {ReelOpenings.Max} titles are being opened"));
            return;
        }

        int generation = stream.Queue.Generation;
        Task opening = Task.CompletedTask;
        opening = Openings.OpenAsync(name, _abilities, after, (reel, fault) =>
        {
            ForgetIdleOpenings();
            stream.Queue.Forget(opening);
            if (stream.Queue.Generation != generation)
            {
                reel?.Release();
            }
            else if (reel is not null)
            {
                opened(reel);
            }
            else
            {
                Fail(stream, name, reset, fault!);
            }
        });
        stream.Queue.Follow(opening);
    }

    private void Fail(PlayerStream stream, PlayName name, bool reset, Exception fault)
    {
        if (stream.State == PlayState.Opening && fault is TitleException { Error: TitleError.NotFound } && MayBecomeLive(name))
        {
            PlayLive(stream, name);
            return;
        }

        Refuse(stream.Id, name, fault);
        if (reset)
        {
            stream.EndOpening();
        }
        else
        {
            stream.Queue.EndOpening();
            if (stream is { State: PlayState.Waiting, Queue.IsOpening: false })
            {
                End(stream);
            }
        }
    }

    private void Refuse(uint streamId, PlayName name, Exception fault)
    {
        if (MayLog())
        {
            Log.Refused(_context.Log, _peer, name.ToString(), fault.Message);
        }

        if (fault is not TitleException)
        {
            Log.InternalError(_context.Log, _peer, fault);
        }

        (string code, string reason) = fault switch
        {
            TitleException { Error: TitleError.NotFound } => (StatusCodes.PlayStreamNotFound, fault.Message),
            TitleException => (StatusCodes.PlayFailed, fault.Message),
            _ => (StatusCodes.PlayFailed, "the server failed: its log has the reason"),
        };
        Session.SendStatus(streamId, StatusCodes.Error, code, reason, name.IsTooLong ? null : name.Sent);
    }

    private void Play(PlayerStream stream, PendingPlay play, bool reset)
    {
        if (!reset)
        {
            stream.Queue.EndOpening();
        }

        if (reset || !stream.IsActive)
        {
            Begin(stream, play, PlayerTime.Zero, reset);
        }
        else if (stream.State == PlayState.Waiting)
        {
            Follow(stream, play);
        }
        else if (!stream.Queue.TryAdd(play))
        {
            play.Reel.Release();
            Session.SendStatus(
                stream.Id, StatusCodes.Error, StatusCodes.PlayFailed, $"More than {PlayQueue.MaxLength} titles wait.", play.Name.Sent);
        }
    }

    private void Begin(PlayerStream stream, PendingPlay play, PlayerTime playerStart, bool reset)
    {
        bool pauses = stream is { State: PlayState.Opening, PausesNext: true };
        bool wasTakenBack = stream.PauseWasTakenBack;
        ReelTime? place = stream.SeeksAtStart;
        stream.Start(play, playerStart, Now);
        Plays++;
        if (MayLog())
        {
            Log.Playing(_context.Log, _peer, stream.Cursor!.Title.Name, play.Start.Milliseconds / 1000.0);
        }

        _announcer.Started(stream, reset);
        if (pauses)
        {
            stream.Pause(Now);
            _announcer.Paused(stream, paused: true);
            stream.ShowWherePaused();
        }
        else if (wasTakenBack)
        {
            _announcer.Paused(stream, paused: true);
            _announcer.Paused(stream, paused: false);
        }

        if (place is { } reelTime)
        {
            Seek(stream, reelTime);
        }
    }

    private void Seek(PlayerStream stream, ReelTime reelTime)
    {
        stream.Seek(reelTime, Now);
        _announcer.Seeked(stream);
    }

    private void Follow(PlayerStream stream, PendingPlay next)
    {
        stream.Follow(next, Now);
        Plays++;
        if (MayLog())
        {
            Log.Playing(_context.Log, _peer, stream.Cursor!.Title.Name, next.Start.Milliseconds / 1000.0);
        }

        _announcer.Switched(stream);
        _announcer.Started(stream, reset: false);
    }

    private void Switch(PlayerStream stream, Reel reel, PlayName name)
    {
        bool isPaused = stream.IsPaused;
        ReelTime at = stream.ReelTime;
        PlayerTime playerTime = stream.Cursor?.PlayerTime ?? PlayerTime.Zero;
        Session.SendStatus(stream.Id, StatusCodes.Status, StatusCodes.PlayTransition, $"Switching to {name.Sent}.", name.Sent);
        Begin(stream, new PendingPlay(reel, name, at, -1), playerTime, reset: false);
        if (isPaused)
        {
            stream.Pause(Now);
            stream.ShowWherePaused();
        }
    }

    private void OnEnd(PlayerStream stream)
    {
        StripCursor cursor = stream.Cursor!;
        if (cursor.IsLost)
        {
            Log.FileLost(_context.Log, _peer, cursor.Title.Name, cursor.LostReason!);
            _announcer.Lost(stream, cursor.LostReason!);
            stream.End();
        }
        else if (stream.TryContinue(Now))
        {
            _announcer.Continued(stream, cursor);
        }
        else if (stream.Queue.TryTake(out PendingPlay next))
        {
            Follow(stream, next);
        }
        else if (stream.Queue.IsOpening)
        {
            stream.Wait();
        }
        else
        {
            End(stream);
        }
    }

    private void End(PlayerStream stream)
    {
        stream.End();
        LastRequest = Now; // the time to be idle counts from here
        _announcer.Ended(stream);
    }
}
