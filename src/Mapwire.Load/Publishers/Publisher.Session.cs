using Mapwire.Load.Measuring;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server;

namespace Mapwire.Load.Publishers;

/// <content>What a publisher hears from the server, and its way to the first frame.</content>
internal sealed partial class Publisher : IClientSessionHandler
{
    private double _createTransaction;
    private uint _streamId;
    private (string Code, string Reason)? _refusal;
    private bool _hasEnded; // the server has answered the end
    private long _now; // the clock, set before bytes are given to the session

    /// <inheritdoc/>
    public void OnConnected(bool accepted, StatusInfo status)
    {
        if (!accepted)
        {
            Refuse(status);
            return;
        }

        _loop.Published.Connected++;
        _loop.Tally.Accepted.Add(_now - _intendedStart);
        _session!.SetChunkSize(ChunkSize);
        _session.Call(CommandNames.ReleaseStream, _url.Name);
        _session.Call(CommandNames.FCPublish, _url.Name);
        _createTransaction = _session.CreateStream();
    }

    /// <inheritdoc/>
    public void OnResult(double transactionId, bool succeeded, AmfValue value)
    {
        if (transactionId != _createTransaction || _cursor is not null)
        {
            return; // servers that know no releaseStream or FCPublish say so, and go on
        }

        if (!succeeded || value.AsNumber() is not { } id)
        {
            Refuse(StatusInfo.Parse(value));
            return;
        }

        _streamId = (uint)id;
        _session!.Publish(_streamId, new PublishCommand(transactionId + 1, _url.Name));
    }

    /// <inheritdoc/>
    public void OnStatus(uint streamId, StatusInfo status)
    {
        if (status.Level == StatusCodes.Error)
        {
            Refuse(status);
        }
        else if (status.Code == StatusCodes.PublishStart && _cursor is null)
        {
            Begin(_now);
        }
        else if (status.Code == StatusCodes.UnpublishSuccess)
        {
            _hasEnded = _isEnding;
        }
    }

    /// <inheritdoc/>
    public void OnUserControl(UserControl control)
    {
        // StreamBegin tells nothing that the status does not.
    }

    /// <inheritdoc/>
    public void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values)
    {
        // Nothing is told to a publisher so.
    }

    /// <inheritdoc/>
    public void OnMedia(in RtmpMessage message, long timestamp)
    {
        // A publisher plays nothing.
    }

    /// <summary>Keeps the first refusal; what a server says goes to a terminal.</summary>
    private void Refuse(StatusInfo status)
    {
        string code = TerminalText.Clean(status.Code.Length > 0 ? status.Code : "no reason given");
        _refusal ??= (code, TerminalText.Clean(status.Description.Length > 0 ? $"{code}: {status.Description}" : code));
    }
}
