using Mapwire.Fuzzing;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>A handler of either side that answers as the real ones do, and folds all calls into one number.</summary>
/// <param name="features">Told which calls followed which; null for nobody.</param>
internal sealed class SessionTrace(FeatureSet? features) : IServerSessionHandler, IClientSessionHandler
{
    /// <summary>The application that is refused.</summary>
    public const string RefusedApplication = "refused";

    private static readonly AmfValue Metadata = AmfValue.EcmaArray([new("duration", AmfValue.Number(12.5))]);

    private ulong _hash = 14695981039346656037;
    private string _last = "";
    private uint _asked; // the stream whose publish was not answered yet; 0 when there is none

    public ServerSession? Server { get; set; }

    public ClientSession? Client { get; set; }

    public ulong Calls => _hash;

    public int Count { get; private set; }

    public string? OnConnect(ConnectCommand connect)
    {
        Call("connect", connect.ObjectEncoding, connect.Capabilities.IsEnhanced ? 1 : 0);
        Fold(connect.App);
        Fold(connect.TcUrl ?? "");
        Fold(connect.Properties);
        return connect.App == RefusedApplication ? "no" : null;
    }

    public void OnPlay(uint streamId, PlayCommand play)
    {
        Call("play", (int)Math.Sign(play.StartMilliseconds), play.Reset ? 1 : 0);
        Fold(streamId, play.StartMilliseconds, play.DurationMilliseconds);
        Fold(play.Name);
        Assert.True(play.StartMilliseconds >= 0 || play.StartMilliseconds is PlayCommand.AnyStart or PlayCommand.LiveStart);
        Server!.SendStreamIsRecorded(streamId);
        Server.SendStreamBegin(streamId);
        Server.SendStatus(streamId, StatusCodes.Status, StatusCodes.PlayStart, "Started.", play.Name);
        Server.SendMetadata(streamId, 0, Metadata);
        Server.SendVideo(streamId, 0x1000000, Metadata.AsBytes());
    }

    public void OnPlay2(uint streamId, Play2Command play2)
    {
        Call("play2");
        Fold(streamId, play2.StartMilliseconds, play2.DurationMilliseconds + play2.OffsetMilliseconds);
        Fold(play2.StreamName + play2.OldStreamName + play2.Transition);
    }

    public void OnSeek(uint streamId, double milliseconds)
    {
        Call("seek", FeatureSet.Size((long)Math.Min(milliseconds, 1e15)) / 8);
        Fold(streamId, milliseconds);
        Assert.True(milliseconds >= 0 && double.IsFinite(milliseconds));
        Server!.SendStatus(streamId, StatusCodes.Status, StatusCodes.SeekNotify, "Seeking.");
        AcceptLate();
    }

    public void OnPause(uint streamId, bool paused, double milliseconds)
    {
        Call("pause", paused ? 1 : 0);
        Fold(streamId, milliseconds);
        Assert.True(milliseconds >= 0 && double.IsFinite(milliseconds));
    }

    public void OnReceiveAudio(uint streamId, bool receive) => Call("receiveAudio", (int)streamId, receive ? 1 : 0);

    public void OnReceiveVideo(uint streamId, bool receive) => Call("receiveVideo", (int)streamId, receive ? 1 : 0);

    public void OnBufferLength(uint streamId, uint milliseconds)
    {
        Call("buffer");
        Fold(streamId, milliseconds);
        AcceptLate();
    }

    public void OnStreamClosed(uint streamId) => Call("closed", (int)streamId);

    public void OnGetStreamLength(double transactionId, string name)
    {
        Call("length");
        Fold(0, transactionId);
        Fold(name);
        Server!.SendStreamLength(transactionId, 12.5);
    }

    /// <summary>
    /// Accepts at once, refuses, or leaves the answer to the next seek or Set Buffer Length, as the name and the type say.
    /// </summary>
    public void OnPublish(uint streamId, PublishCommand publish)
    {
        Call("publish", (int)publish.Type, publish.Name.Length % 4);
        Fold(streamId, publish.TransactionId);
        Fold(publish.Name);
        Assert.False(Server!.IsPublishing(streamId));
        if (publish.Type == PublishType.Append)
        {
            _asked = streamId;
        }
        else if (publish.Name.StartsWith('b'))
        {
            Assert.True(Server.RefusePublish(streamId, StatusCodes.PublishDenied, "no"));
        }
        else
        {
            Assert.True(Server.BeginPublish(streamId));
            Assert.False(Server.BeginPublish(streamId));
        }
    }

    public void OnUnpublish(string name)
    {
        Call("unpublish");
        Fold(name);
        Server!.EndPublish(1, "Stopped.");
    }

    public void OnMedia(uint streamId, in RtmpMessage message)
    {
        Assert.True(Server!.IsPublishing(streamId) && message.StreamId == streamId);
        Assert.True(message.IsFirst && message.IsLast);
        Call("published", message.TypeId, FeatureSet.Size(message.Length));
        Fold(streamId, message.Timestamp, message.Length);
        foreach (byte part in message.Payload)
        {
            Mix(part);
        }
    }

    public void OnData(uint streamId, uint timestamp, ReadOnlySpan<byte> amf0)
    {
        Assert.True(Server!.IsPublishing(streamId));
        Assert.False(amf0.IsEmpty);
        Call("publishedData", amf0[0], FeatureSet.Size(amf0.Length));
        Fold(streamId, timestamp, amf0.Length);
        foreach (byte part in amf0)
        {
            Mix(part);
        }
    }

    public void OnConnected(bool accepted, StatusInfo status)
    {
        Call("connected", accepted ? 1 : 0);
        Fold(status.Code + status.Description);
        Client!.CreateStream();
    }

    public void OnResult(double transactionId, bool succeeded, AmfValue value)
    {
        Call("result", succeeded ? 1 : 0, (int)value.Kind);
        Fold(0, transactionId);
        Fold(value);
        Client!.Play(1, new PlayCommand(0, "f"));
    }

    public void OnStatus(uint streamId, StatusInfo status)
    {
        Call("status", status.Code.Length > 0 ? 1 : 0);
        Fold(streamId, 0);
        Fold(status.Code + status.Level + status.Description + status.Details);
    }

    public void OnUserControl(UserControl control)
    {
        Call("control", Math.Min(40, (int)control.Event));
        Fold(control.Value, control.BufferMilliseconds);
    }

    public void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values)
    {
        Call("data", values.Length, values.Length > 0 ? (int)values[0].Kind : -1);
        Fold(streamId, timestamp);
        Fold(name);
        foreach (AmfValue value in values)
        {
            Fold(value);
        }
    }

    public void OnMedia(in RtmpMessage message, long timestamp)
    {
        if (message.IsFirst)
        {
            Call("media", message.TypeId, FeatureSet.Size(message.Length));
            Fold(message.StreamId, timestamp, message.Length);
        }

        Assert.True(message.PayloadOffset + message.Payload.Length <= message.Length);
        foreach (byte part in message.Payload)
        {
            Mix(part);
        }
    }

    private void AcceptLate()
    {
        if (_asked != 0)
        {
            Call("accepted", Server!.BeginPublish(_asked) ? 1 : 0);
            _asked = 0;
        }
    }

    private void Call(string kind, int a = 0, int b = 0)
    {
        features?.Add(kind, a, b, Math.Min(Count, 3));
        features?.Add(_last, kind.Length, kind[0], kind[^1]);
        _last = kind;
        Count++;
        Fold(kind);
        Fold((uint)a, b);
    }

    private void Fold(uint number, double first, double second = 0)
    {
        Mix(number);
        Mix(BitConverter.DoubleToUInt64Bits(first));
        Mix(BitConverter.DoubleToUInt64Bits(second));
    }

    private void Fold(string text)
    {
        foreach (char c in text)
        {
            Mix(c);
        }
    }

    /// <summary>The first few hundred values of a tree: what is shared in it can unfold into a forest.</summary>
    private void Fold(AmfValue value)
    {
        int left = 300;
        Fold(value, ref left);
    }

    private void Fold(AmfValue value, ref int left)
    {
        if (--left < 0)
        {
            return;
        }

        Fold((uint)value.Kind, value.AsNumber() ?? value.AsDate() ?? 0, value.AsBoolean() == true || value.IsFixed ? 1 : 0);
        Fold(value.AsString() ?? value.AsXml() ?? value.ClassName ?? "");
        foreach (byte part in value.AsBytes())
        {
            Mix(part);
        }

        foreach (AmfProperty property in value.Properties)
        {
            Fold(property.Name);
            Fold(property.Value, ref left);
        }

        foreach (AmfValue item in value.Items)
        {
            Fold(item, ref left);
        }
    }

    private void Mix(ulong value) => _hash = (_hash ^ value) * 1099511628211 + (_hash >> 47);
}
