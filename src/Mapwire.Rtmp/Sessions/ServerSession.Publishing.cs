using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <content>
/// Message streams that publish. A publish is asked for, then accepted or refused by the handler, at once or later. Media counts from the
/// acceptance on: what comes earlier is passed over, within the limits of players, so that a client without a key cannot have the server
/// hold a picture.
/// </content>
public sealed partial class ServerSession
{
    private uint _asked; // bit n: message stream n+1 waits for the answer to its publish; the next two likewise
    private uint _publishing;
    private uint _played; // since it was created or closed
    private bool _isAnnounced; // FCPublish came, and onFCPublish was not sent

    /// <summary>
    /// Bytes after which the client waits for an acknowledgement; 0 when it never does. A publisher that does not say was told Set Peer
    /// Bandwidth, and may stop at that.
    /// </summary>
    private uint AcknowledgementWindow => _peerWindow == 0 && _publishing != 0 ? _options.PeerBandwidth : _peerWindow;

    /// <summary>Whether a publish was accepted on a message stream, and has not ended.</summary>
    /// <param name="streamId">Any.</param>
    public bool IsPublishing(uint streamId) => (_publishing & Bit(streamId)) != 0;

    /// <summary>
    /// Accepts the publish of a message stream: sends StreamBegin and NetStream.Publish.Start. Larger messages may come from now on, as
    /// <see cref="ServerSessionOptions.PublisherLimits"/> has it, for as long as the connection lasts.
    /// </summary>
    /// <remarks>
    /// ffmpeg and librtmp wait for the status alone. Encoders that began with FCPublish, such as Flash Media Live Encoder, may wait for
    /// onFCPublish as well, and are sent it first; librtmp and ffmpeg pass over it.
    /// </remarks>
    /// <param name="streamId">The message stream.</param>
    /// <returns>
    /// False, and nothing is sent, when no publish waits there. A handler that decides later drops its decision when the stream is closed:
    /// another publish may wait there by then.
    /// </returns>
    public bool BeginPublish(uint streamId)
    {
        if (!TryTakeAsked(streamId))
        {
            return false;
        }

        _publishing |= Bit(streamId);
        _reader.RaiseLimits(_options.PublisherLimits);
        const string Description = "Publishing started.";
        if (_isAnnounced)
        {
            _isAnnounced = false;
            SendFCPublish(new StatusInfo(StatusCodes.Status, StatusCodes.PublishStart, Description));
        }

        SendStreamBegin(streamId);
        SendStatus(streamId, StatusCodes.Status, StatusCodes.PublishStart, Description);
        return true;
    }

    /// <summary>Refuses the publish of a message stream, which may be tried again.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="code"><see cref="StatusCodes.PublishDenied"/> or <see cref="StatusCodes.PublishBadName"/>.</param>
    /// <param name="description">One sentence for people.</param>
    /// <returns>False, and nothing is sent, when no publish waits there.</returns>
    public bool RefusePublish(uint streamId, string code, string description)
    {
        if (!TryTakeAsked(streamId))
        {
            return false;
        }

        SendStatus(streamId, StatusCodes.Error, code, description);
        return true;
    }

    /// <summary>Ends what a message stream publishes: sends NetStream.Unpublish.Success, and passes over its media from now on.</summary>
    /// <remarks>When the client closes the stream, the session does so by itself.</remarks>
    /// <param name="streamId">The message stream.</param>
    /// <param name="description">One sentence for people.</param>
    /// <returns>False, and nothing is sent, when the stream does not publish.</returns>
    public bool EndPublish(uint streamId, string description)
    {
        if (!IsPublishing(streamId))
        {
            return false;
        }

        _publishing &= ~Bit(streamId);
        SendStatus(streamId, StatusCodes.Status, StatusCodes.UnpublishSuccess, description);
        return true;
    }

    private bool TryTakeAsked(uint streamId)
    {
        uint bit = Bit(streamId);
        bool isAsked = (_asked & bit) != 0;
        _asked &= ~bit;
        return isAsked;
    }

    private void TakePublish(uint streamId, PublishCommand publish)
    {
        uint bit = Bit(streamId);
        string? refusal = ((_asked | _publishing) & bit) != 0 ? "The message stream publishes already."
            : (_played & bit) != 0 ? "The message stream plays: close it first."
            : null;
        if (refusal is not null)
        {
            SendStatus(streamId, StatusCodes.Error, StatusCodes.PublishBadName, refusal);
            return;
        }

        _asked |= bit;
        _handler.OnPublish(streamId, publish);
    }

    /// <summary>Whether a message stream may play; one that publishes is told that it may not.</summary>
    private bool MayPlay(uint streamId)
    {
        uint bit = Bit(streamId);
        if (((_asked | _publishing) & bit) != 0)
        {
            SendStatus(streamId, StatusCodes.Error, StatusCodes.PlayFailed, "The message stream publishes: close it first.");
            return false;
        }

        _played |= bit;
        return true;
    }

    /// <summary>
    /// releaseStream, _checkbw, FCPublish, FCUnpublish, FCSubscribe and FCUnsubscribe: courtesies to servers of the day, answered whatever
    /// their arguments are.
    /// </summary>
    private void TakeCourtesy(ref CommandReader command)
    {
        if (command.TransactionId != 0)
        {
            SendResult(command.TransactionId, AmfValue.Null);
        }

        ReadOnlySpan<byte> name = command.Name;
        if (name.SequenceEqual("FCPublish"u8))
        {
            _isAnnounced = true;
        }
        else if (name.SequenceEqual("FCUnpublish"u8) && command.TryReadName(out string stream))
        {
            _isAnnounced = false;
            _handler.OnUnpublish(stream);
        }
    }

    /// <summary>Deletes a message stream. GStreamer's rtmp2sink says the name that it publishes where the number belongs.</summary>
    private void DeleteStream(ref CommandReader command)
    {
        CommandReader named = command;
        if (named.TryReadName(out string name))
        {
            _handler.OnUnpublish(name);
        }
        else
        {
            Close(DeleteStreamCommand.Parse(ref command).StreamId, delete: true);
        }
    }

    private void CloseStream(uint streamId)
    {
        uint bit = Bit(streamId);
        _asked &= ~bit;
        _played &= ~bit;
        _handler.OnStreamClosed(streamId);
        EndPublish(streamId, "Publishing stopped."); // unless the handler did, with words of its own
    }

    private void TakePublished(in RtmpMessage message)
    {
        if (message.TypeId != MessageType.Aggregate)
        {
            TakePart(in message);
            return;
        }

        // What is wrong in an aggregate is passed over from there on: the chunk stream around it is whole.
        AggregateReader parts = new(in message);
        while (IsPublishing(message.StreamId) && parts.TryRead(out RtmpMessage part, out _))
        {
            TakePart(in part);
        }
    }

    private void TakePart(in RtmpMessage message)
    {
        switch (message.TypeId)
        {
            case MessageType.Audio or MessageType.Video:
                _handler.OnMedia(message.StreamId, in message);
                break;
            case MessageType.DataAmf0:
                TakeData(in message, message.Payload);
                break;
            case MessageType.DataAmf3:
                // The format byte, as of commands, is left out by some.
                TakeData(in message, message.Payload is [0, .. ReadOnlySpan<byte> values] ? values : message.Payload);
                break;
        }
    }

    private void TakeData(in RtmpMessage message, ReadOnlySpan<byte> values)
    {
        Amf0Reader reader = new(values);
        if (reader.TryReadUtf8(out ReadOnlySpan<byte> name))
        {
            if (name.SequenceEqual("@clearDataFrame"u8))
            {
                return;
            }

            if (name.SequenceEqual("@setDataFrame"u8))
            {
                values = values[reader.Offset..];
            }
        }

        if (!values.IsEmpty)
        {
            _handler.OnData(message.StreamId, message.Timestamp, values);
        }
    }
}
