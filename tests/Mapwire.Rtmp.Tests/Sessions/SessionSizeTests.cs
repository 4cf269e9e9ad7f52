using System.Buffers;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>Tests that measure the whole heap: nothing else may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeHeap
{
    public const string Name = "whole heap";
}

[Collection(WholeHeap.Name)]
public sealed class SessionSizeTests
{
    [Fact]
    public void A_session_between_messages_is_small()
    {
        byte[] recording = Wire.Recording("rtmp2src.bin");
        SilentHandler handler = new();
        ServerSessionOptions options = new();
        ServerSession[] sessions = new ServerSession[2000];
        ArrayBufferWriter<byte> output = new(1 << 16);
        for (int i = 0; i < 100; i++)
        {
            Open();
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < sessions.Length; i++)
        {
            sessions[i] = Open();
        }

        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / sessions.Length;
        GC.KeepAlive(sessions);
        // Reader, writer, session and what is kept of connect (application, URL, version).
        Assert.InRange(each, 300, 800);

        ServerSession Open()
        {
            output.ResetWrittenCount();
            ServerSession session = new(options, handler, output);
            session.Receive(recording);
            return session;
        }
    }
}
