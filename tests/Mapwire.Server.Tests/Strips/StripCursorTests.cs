using Mapwire.Media.Flv;
using Mapwire.Rtmp.Chunks;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>What a cursor puts on the wire, read back by the chunk reader and held against the file.</summary>
public sealed class StripCursorTests : IDisposable
{
    /// <summary>A ping response: chunk stream 2, type 4, six bytes.</summary>
    private static readonly byte[] Answer = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1];

    private readonly Title _title = SampleClip.Open();
    private readonly byte[] _file = File.ReadAllBytes(SampleClip.Path);

    public void Dispose() => _title.Release();

    [Theory]
    [InlineData(128)]
    [InlineData(4096)]
    [InlineData(1024 * 1024)]
    public void All_samples_arrive_byte_for_byte_over_a_socket_that_is_often_full(int chunkSize)
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(0), -1, new(0)), new(0), chunkSize);
        List<Received> received = Run(cursor, chunkSize, TitleTime.MaxValue);

        Assert.True(cursor.IsOver);
        Assert.Equal(_title.Strip.Count, received.Count);
        for (int i = 0; i < received.Count; i++)
        {
            StripEntry entry = _title.Strip[i];
            Assert.Equal(entry.IsVideo, received[i].IsVideo);
            Assert.Equal((uint)entry.Time.Milliseconds, received[i].Timestamp);
            Assert.Equal(entry.Composition, received[i].Composition);
            Assert.Equal(entry.IsVideo && entry.IsSync, received[i].IsKey);
            Assert.True(received[i].Payload.AsSpan().SequenceEqual(_file.AsSpan((int)entry.Offset, entry.Size)), $"sample {i}");
        }

        cursor.Retire();
    }

    [Fact]
    public void Only_what_is_due_is_sent()
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(0), -1, new(0)), new(0));
        List<Received> received = Run(cursor, 4096, until: new(1000));
        Assert.Equal(_title.Strip.IndexAt(new(1001)), received.Count);
        Assert.True(cursor.HasMore);
        Assert.Equal(_title.Strip[received.Count].Time, cursor.Time);
        cursor.Retire();
    }

    [Fact]
    public void A_start_is_the_players_zero_with_a_silent_run_up()
    {
        // The clip has a sync sample every 2 s: 4 s is the run-up's start.
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(5000), -1, new(0)), new(5000));
        List<Received> received = Run(cursor, 4096, TitleTime.MaxValue);
        Assert.True(received[0].IsKey);
        int runUp = received.TakeWhile(static message => message.Timestamp == 0).Count();
        Assert.InRange(runUp, 25, 28);
        Assert.All(received.Take(runUp - 1), static message => Assert.True(message.IsVideo));
        StripEntry last = _title.Strip[_title.Strip.Count - 1];
        Assert.Equal((uint)(last.Time - 5000).Milliseconds, received[^1].Timestamp);
        Assert.All(received, static message => Assert.True(message.Composition >= 0));
        cursor.Retire();
    }

    [Fact]
    public void A_duration_ends_it()
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(4000), 1500, new(0)), new(4000));
        List<Received> received = Run(cursor, 4096, TitleTime.MaxValue);
        Assert.True(cursor.IsOver);
        Assert.InRange(received[^1].Timestamp, 1450u, 1499u);
        Assert.Equal(new(1500), cursor.PlayerEnd);
        cursor.Retire();
    }

    [Fact]
    public void The_next_of_a_playlist_goes_on_in_time()
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(0), 1000, new(24_000)), new(0));
        List<Received> received = Run(cursor, 4096, TitleTime.MaxValue);
        Assert.Equal(24_000u, received[0].Timestamp);
        Assert.Equal(new(25_000), cursor.PlayerEnd);
        cursor.Retire();
    }

    [Fact]
    public void Video_comes_back_with_a_sync_sample_and_audio_at_once()
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(0), -1, new(0)), new(0));
        cursor.SendVideo(false);
        Assert.All(Run(cursor, 4096, until: new(2500)), static message => Assert.False(message.IsVideo));
        cursor.SendVideo(true);
        cursor.SendAudio(false);
        List<Received> video = Run(cursor, 4096, until: new(6500));
        Assert.All(video, static message => Assert.True(message.IsVideo));
        Assert.True(video[0].IsKey);
        cursor.SendAudio(true);
        Assert.Contains(Run(cursor, 4096, until: new(7000)), static message => !message.IsVideo);
        cursor.Retire();
    }

    [Fact]
    public void A_pause_loses_and_repeats_nothing()
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(0), -1, new(0)), new(0));
        List<Received> received = Run(cursor, 4096, until: new(3000));
        cursor.Hold();
        Assert.Empty(Run(cursor, 4096, TitleTime.MaxValue));
        cursor.Release();
        received.AddRange(Run(cursor, 4096, TitleTime.MaxValue));
        Assert.Equal(_title.Strip.Count, received.Count);
        cursor.Retire();
    }

    [Fact]
    public void A_seek_while_paused_shows_one_frame()
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(0), -1, new(0)), new(7000));
        cursor.HoldAfterFrame();
        Received frame = Assert.Single(Run(cursor, 4096, TitleTime.MaxValue));
        Assert.True(frame.IsKey);
        Assert.InRange(frame.Timestamp, 5900u, 6100u);
        cursor.Release();
        Received next = Run(cursor, 4096, TitleTime.MaxValue).First(static message => message.IsVideo);
        Assert.False(next.IsKey);
        cursor.Retire();
    }

    [Fact]
    public void A_seek_past_the_end_lands_on_the_last_sync_sample()
    {
        StripCursor<RtmpFraming> cursor = Cursor(new PlayRange(new(0), -1, new(0)), new(1_000_000));
        List<Received> received = Run(cursor, 4096, TitleTime.MaxValue);
        Assert.True(received[0].IsKey);
        Assert.InRange(received[0].Timestamp, 21_900u, 22_100u);
        cursor.Retire();
    }

    [Fact]
    public void A_cursor_retired_inside_a_message_finishes_it_and_lets_the_title_go()
    {
        Title title = SampleClip.Open();
        StripCursor<RtmpFraming> cursor = new(title, new RtmpFraming(title.Codecs, 1, 4096), new PlayRange(new(0), -1, new(0)), new(0));
        using GatherList list = new();
        cursor.Gather(list, TitleTime.MaxValue, long.MaxValue, now: 0);
        cursor.Advance(100, TitleTime.MaxValue);
        Assert.True(cursor.IsInsideMessage);
        cursor.Retire();
        Assert.True(IsOpen(title));
        list.Clear();
        Assert.True(cursor.GatherRest(list, 0));
        long rest = list.Length;
        cursor.Gather(list, TitleTime.MaxValue, long.MaxValue, now: 0);
        Assert.Equal(rest, list.Length);
        cursor.Advance(rest, TitleTime.MinValue);
        Assert.True(cursor.IsOver || !cursor.HasMore);
        Assert.False(IsOpen(title));
    }

    private static bool IsOpen(Title title)
    {
        bool isOpen = title.TryAcquire();
        if (isOpen)
        {
            title.Release();
        }

        return isOpen;
    }

    private StripCursor<RtmpFraming> Cursor(PlayRange range, TitleTime position, int chunkSize = 4096)
    {
        Assert.True(_title.TryAcquire());
        return new StripCursor<RtmpFraming>(_title, new RtmpFraming(_title.Codecs, 1, chunkSize), range, position);
    }

    private static List<Received> Run(StripCursor<RtmpFraming> cursor, int chunkSize, TitleTime until)
    {
        // As a conversation gathers: the rest of what was cut, an answer, what is due; and it advances in the same order.
        using SocketPair sockets = new();
        using GatherList list = new();
        MemoryStream wire = new();
        int answer = 0;
        while (true)
        {
            list.Clear();
            bool isRestWhole = cursor.GatherRest(list, now: 0);
            long rest = list.Length;
            if (isRestWhole && answer < Answer.Length && list.TryReserve(Answer.Length, out Span<byte> scratch))
            {
                Answer[answer..].CopyTo(scratch);
                list.TryAddReserved(Answer.Length - answer);
            }

            long answers = list.Length - rest;
            if (isRestWhole && answer + answers == Answer.Length)
            {
                cursor.Gather(list, until, 256 * 1024, now: 0);
            }

            if (list.Length == 0)
            {
                cursor.Advance(0, until);
                break;
            }

            long due = list.Length - rest - answers;
            Assert.NotEqual(SendResult.SourceLost, list.Send(sockets.Sender.SafeHandle, out long sent));
            long ofRest = Math.Min(sent, rest);
            long ofAnswers = Math.Min(sent - ofRest, answers);
            if (ofRest > 0)
            {
                cursor.Advance(ofRest, TitleTime.MinValue);
            }

            answer += (int)ofAnswers;
            if (due > 0)
            {
                cursor.Advance(sent - ofRest - ofAnswers, until);
            }

            answer = due > 0 && answer == Answer.Length && sent % 3 == 0 ? 0 : answer; // another one is waiting next time
            if (sent < list.Length)
            {
                sockets.Drain(wire);
            }
        }

        sockets.Sender.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        sockets.Drain(wire);
        return Parse(wire.ToArray(), chunkSize);
    }

    private static List<Received> Parse(ReadOnlySpan<byte> wire, int chunkSize)
    {
        ChunkReader reader = new(ChunkReaderLimits.Client);
        ReadOnlySpan<byte> setChunkSize =
            [2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, (byte)(chunkSize >> 24), (byte)(chunkSize >> 16), (byte)(chunkSize >> 8), (byte)chunkSize];
        reader.TryRead(ref setChunkSize, out _);
        Assert.Equal(chunkSize, reader.ChunkSize);
        List<Received> received = [];
        while (reader.TryRead(ref wire, out RtmpMessage message))
        {
            if (message.TypeId == MessageType.UserControl)
            {
                continue; // the answer
            }

            bool isVideo = message.TypeId == MessageType.Video;
            if (isVideo)
            {
                Assert.True(VideoTagHeader.TryParse(message.Payload, out VideoTagHeader header));
                received.Add(new(
                    true, message.Timestamp, header.CompositionTime, header.FrameType == VideoFrameType.Key,
                    message.Payload[header.Length..].ToArray()));
            }
            else
            {
                Assert.True(AudioTagHeader.TryParse(message.Payload, out AudioTagHeader header));
                received.Add(new(false, message.Timestamp, 0, false, message.Payload[header.Length..].ToArray()));
            }
        }

        Assert.Equal(0, wire.Length);
        return received;
    }

    private sealed record Received(bool IsVideo, uint Timestamp, int Composition, bool IsKey, byte[] Payload);
}
