using System.Buffers.Binary;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Limits;

/// <summary>Small chunks cut a frame into more pieces than one send takes; answers have to fit between them.</summary>
public sealed class SmallChunkTests
{
    /// <summary>In bytes, the film's; a frame larger than 512 chunks needs more than one send.</summary>
    private const int ChunkSize = 128;

    private const byte UserControl = 4;
    private const int StreamEof = 1;
    private const int PingResponse = 7;

    [Fact]
    public async Task Pings_while_large_frames_are_sent_are_answered_and_no_byte_is_lost()
    {
        string folder = TemporaryFolder.Create("small-chunks");
        string film = await FilmFactory.GetAsync("large-frames.mp4");
        File.Copy(film, Path.Combine(folder, "film.mp4"));
        await using MapwireServer server = await MapwireServer.StartAsync(
            folder, "--chunk-size", $"{ChunkSize}", "--workers", "1", "--max-buffer", "86400", "--send-buffer", "16384");
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(film));
        for (int round = 0; round < 4; round++)
        {
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, receiveBuffer: 8 * 1024);
            await player.SetBufferAsync(TimeSpan.FromSeconds(3600));
            await player.PlayAsync("film.mp4");
            int pings = 0;
            byte[] ping = [0, 6, 0, 0, 0, 0];
            Message message;
            do
            {
                // Some for each message that comes: they wait behind whatever is cut just then.
                for (int i = 0; i < 20; i++)
                {
                    BinaryPrimitives.WriteInt32BigEndian(ping.AsSpan(2), pings++);
                    await player.SendAsync(2, UserControl, 0, ping);
                }

                message = await player.UntilAsync(static message => message.Packet is not null || message.Event == StreamEof);
            }
            while (message.Event != StreamEof);

            Expectation.Same(expected, player.Film, $"round {round}");
            Assert.Contains(player.Heard, static heard => heard.Event == PingResponse);
        }

        Assert.DoesNotContain("ConnectionLost", server.Process.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("unhandled exception", server.Process.Said, StringComparison.Ordinal);
        await server.EndAsync(); // a heap that was written past its end ends here with another code
    }
}
