using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.Sending;
using Mapwire.Server.Tests.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Playback;

/// <summary>A player without a socket, by a clock and in an order that the test chooses.</summary>
public sealed class PlayerTests : IDisposable
{
    private const int Lead = 3000;

    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly ArrayBufferWriter<byte> _toClient = new();
    private readonly ArrayBufferWriter<byte> _toServer = new();
    private readonly Ear _ear = new();
    private readonly RecordingLog _log = new();
    private readonly SemaphoreSlim _hasPosted = new(0);
    private readonly Queue<Action> _posted = new();
    private readonly GatherList _list = new();
    private readonly Player _player;
    private readonly ClientSession _client;
    private long _lastTime;
    private int _messages;
    private readonly HashSet<byte> _types = [];

    public PlayerTests()
    {
        _folder.Add("a.mp4");
        _folder.Add("b.mp4");
        TitleLimits limits = new() { OpeningTime = TimeSpan.FromMinutes(10) }; // a test says for how long one hangs
        _catalog =
            new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget(), limits: limits), NullLogger.Instance);
        _player = new Player(PlayerContextOf(_catalog), null, _toClient, Post);
        _client =
            new ClientSession(new ClientSessionOptions(), ClientSessionOptions.DefaultConnect("vod", "rtmp://h/vod"), _ear, _toServer);
        Exchange();
        _client.CreateStream();
        Exchange();
    }

    public void Dispose()
    {
        _player.Abandon();
        _catalog.Dispose();
        _list.Dispose();
        _folder.Dispose();
        _hasPosted.Dispose();
    }

    [Fact]
    public async Task A_play_that_is_still_being_opened_when_the_one_before_ends_follows_it_without_an_end()
    {
        Play("a.mp4?end=1");
        Play("b.mp4?end=1", reset: false);
        await RunPostedAsync(); // a begins, and b stays on its way
        await _hasPosted.WaitAsync(TimeSpan.FromSeconds(30));
        SendDue();
        _player.Now = 5000;
        SendDue();
        Assert.DoesNotContain(_ear.Heard, static word => word is "eof" or "NetStream.Play.Complete" or "NetStream.Play.Stop");
        Assert.True(_player.IsActive); // no idle time begins
        Assert.Equal(long.MaxValue, _player.NextWake());

        RunPosted();
        SendDue();
        Assert.Equal(2, _ear.Heard.Count(static word => word == "NetStream.Play.Start"));
        Assert.Equal(["NetStream.Play.Switch", "NetStream.Play.Complete", "NetStream.Play.Stop", "eof"],
            _ear.Heard.Where(static word => word is not ("NetStream.Play.Start" or "NetStream.Play.Reset")));
        Assert.InRange(_ear.StartTimes[1], 940, 1000); // time went on where it was
    }

    [Fact]
    public async Task An_appended_play_that_cannot_be_opened_ends_what_waited_for_it()
    {
        Play("a.mp4?end=1");
        Play("nowhere.mp4", reset: false);
        await RunPostedAsync();
        await _hasPosted.WaitAsync(TimeSpan.FromSeconds(30));
        SendDue();
        Assert.DoesNotContain("eof", _ear.Heard);
        RunPosted();
        Assert.Equal(["NetStream.Play.StreamNotFound", "NetStream.Play.Complete", "NetStream.Play.Stop", "eof"], _ear.Heard.TakeLast(4));
        Assert.False(_player.IsActive);
    }

    [Fact]
    public async Task A_file_that_is_overwritten_during_a_long_round_of_the_loop_is_sent_no_further_in_that_round()
    {
        Play("a.mp4");
        await RunPostedAsync();
        _list.Clear();
        _player.GatherDue(_list, 1); // the time of the round, here and below
        Assert.NotEqual(0, _list.Length);
        _player.AdvanceDue(_list.Length);
        string path = Path.Combine(_folder.Path, "a.mp4");
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Write(new byte[file.Length]);
        }

        await Task.Delay(20); // the looks of one millisecond are one
        _list.Clear();
        _player.GatherDue(_list, 1);
        Assert.Equal(0, _list.Length);
    }

    [Fact]
    public async Task A_new_play_lets_go_of_what_waited()
    {
        Play("a.mp4?end=1");
        Play("b.mp4", reset: false);
        await RunPostedAsync();
        await _hasPosted.WaitAsync(TimeSpan.FromSeconds(30));
        SendDue();
        Play("b.mp4?end=2");
        RunPosted(); // what was appended comes too late
        await RunPostedAsync();
        SendDue();
        Assert.Equal(1, _ear.Heard.Count(static word => word == "eof"));
        Assert.Equal(2, _ear.Heard.Count(static word => word == "NetStream.Play.Reset"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("reset")]
    public async Task A_play_whose_title_hangs_does_not_delay_the_next_play_of_its_stream(string? transition)
    {
        using ManualResetEventSlim free = new();
        string hanging = Path.Combine(_folder.Path, "a.mp4");
        Task<bool> hang = _catalog.Files.RunAsync(hanging, _ => free.Wait(TimeSpan.FromMinutes(5)));
        Play("a.mp4"); // is opened when that is over
        if (transition is null)
        {
            Play("b.mp4");
        }
        else
        {
            _client.Play2(1, new Play2Command(0, "b.mp4", Transition: transition));
            Exchange();
        }

        await RunPostedAsync();
        Assert.Equal(["NetStream.Play.Reset", "NetStream.Play.Start"], _ear.Heard);
        Assert.Equal("Started playing b.mp4.", _ear.Descriptions[^1]);
        SendDue();
        Assert.InRange(_lastTime, Lead - 120, Lead);
        Assert.False(hang.IsCompleted);

        free.Set();
        await hang;
        await RunPostedAsync(); // it comes too late, and changes nothing
        Assert.Equal(2, _ear.Heard.Count);
        Assert.Equal("b.mp4", _player.Watched!.Name);
    }

    [Fact]
    public async Task A_player_that_buffers_nothing_is_woken_as_for_the_least_buffer_and_not_for_each_message()
    {
        _client.SetBufferLength(1, 0);
        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        Assert.InRange(_lastTime, 130, 250); // MinClientBuffer ahead
        int wakes = 0;
        for (; _player.Now < 10_000; wakes++)
        {
            _player.Now = _player.NextWake();
            SendDue();
        }

        Assert.InRange(_messages, 500, 1000); // 25 pictures a second, and twice as many packets of sound
        Assert.InRange(wakes, 100, 121); // each 83 ms, a third of the least buffer
    }

    [Theory]
    [InlineData("alac", "Apple Lossless")]
    [InlineData("sowt", "uncompressed PCM")]
    public async Task A_player_of_a_film_whose_sound_no_player_takes_is_told_so(string codec, string name)
    {
        EditableBox entry = new(codec, EditableBox.Bytes(0, (short)0, (short)1, 0L, (short)2, (short)16, 0, 44_100u << 16));
        EditableBox sound = new Mp4Builder().BuildMovie(32)["trak"];
        sound["tkhd"].Body = EditableBox.Bytes(7, 0, 0, 2, new byte[68]);
        sound["mdia/hdlr"].Body = EditableBox.Bytes(0, 0, "soun", new byte[12], (byte)0);
        sound["mdia/minf/stbl/stsd"].Body = EditableBox.Bytes(0, 1, entry.Write());
        Mp4Builder film = new();
        film.Extra.Add(sound);
        File.WriteAllBytes(Path.Combine(_folder.Path, "silent.mp4"), film.Build());
        Play("silent.mp4");
        await RunPostedAsync();
        Assert.Equal(["NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Play.TrackLeftOut"], _ear.Heard);
        Assert.Equal($"There is no sound: {codec}: audio codec '{codec}' ({name}) is not supported.", _ear.Descriptions[^1]);
    }

    [Theory]
    [InlineData(500, 200)] // two fifths of what the player buffers
    [InlineData(1000, 400)]
    [InlineData(3000, 1200)]
    [InlineData(5000, 1200)] // and no more than that
    public async Task A_buffer_is_filled_up_before_half_of_it_is_missing(uint buffer, long beat)
    {
        Play("a.mp4");
        _player.OnBufferLength(1, buffer);
        await RunPostedAsync();
        SendDue();
        Assert.Equal(beat, _player.NextWake());
        _player.Now = beat + 130; // late, which moves nothing
        Assert.Equal(2 * beat, _player.NextWake());
    }

    [Fact]
    public async Task Players_that_came_one_after_the_other_are_looked_at_together()
    {
        _player.Now = 7;
        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        Assert.Equal(1220, _player.NextWake()); // 1200 ms later, and then the next 20
        _player.Now = 1220;
        Assert.Equal(2420, _player.NextWake());
    }

    [Theory]
    [InlineData("list.m3u8")]
    [InlineData("a.mp4?end=0.5&loop=1")]
    public async Task Joints_do_not_send_further_ahead(string name)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "list.m3u8"), string.Concat(Enumerable.Repeat("a.mp4?end=1\n", 10)));
        Play(name);
        await RunPostedAsync();
        foreach (long now in (long[])[0, 400, 1000, 3300, 5000])
        {
            _player.Now = now;
            SendDue();
            Assert.InRange(_lastTime, now + Lead - 120, now + Lead);
            Assert.InRange(_player.NextWake(), now + 1, now + 1200);
        }

        Assert.DoesNotContain("eof", _ear.Heard);
    }

    [Fact]
    public async Task A_pause_at_a_joint_stays_one()
    {
        Play("a.mp4?end=0.5&loop=1");
        await RunPostedAsync();
        SendDue();
        _client.Pause(1, true, 0);
        Exchange();
        long at = _lastTime;
        _player.Now = 60_000;
        SendDue();
        Assert.Equal(at, _lastTime);
        _client.Pause(1, false, 0);
        Exchange();
        SendDue();
        Assert.InRange(_lastTime, at, at + 100); // the clock stood, and what was ahead of it still is
        _player.Now = 61_000;
        SendDue();
        Assert.InRange(_lastTime, at + 900, at + 1100);
    }

    [Fact]
    public async Task A_pause_behind_a_play_in_one_go_begins_the_play_paused_at_its_first_picture()
    {
        _client.Play(1, new PlayCommand(0, "a.mp4"));
        _client.Pause(1, true, 0);
        Exchange();
        Assert.DoesNotContain("NetStream.Pause.Notify", _ear.Heard); // a player relies on Play.Start first
        await RunPostedAsync();
        Assert.Equal(["NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Pause.Notify"], _ear.Heard);
        SendDue();
        Assert.Equal(1, _messages);
        _player.Now = 60_000;
        SendDue();
        Assert.Equal(1, _messages);
        Assert.Equal(long.MaxValue, _player.NextWake());
        _client.Pause(1, false, 0);
        Exchange();
        SendDue();
        Assert.InRange(_lastTime, Lead - 120, Lead);
    }

    [Fact]
    public async Task A_pause_that_is_taken_back_before_the_play_begins_is_none()
    {
        _client.Play(1, new PlayCommand(0, "a.mp4"));
        _client.Pause(1, true, 0);
        _client.Pause(1, false, 0);
        Exchange();
        await RunPostedAsync();
        Assert.Equal( // a player may wait for the answers, behind Play.Start
            ["NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Pause.Notify", "NetStream.Unpause.Notify"], _ear.Heard);
        SendDue();
        Assert.InRange(_lastTime, Lead - 120, Lead);
    }

    [Fact]
    public async Task A_seek_behind_a_play_in_one_go_begins_there()
    {
        _client.Play(1, new PlayCommand(0, "a.mp4"));
        _client.Seek(1, 10_000);
        Exchange();
        await RunPostedAsync();
        Assert.Equal(["NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Seek.Notify", "NetStream.Play.Start"], _ear.Heard);
        SendDue();
        Assert.InRange(_lastTime, 7_000 + Lead, 10_000 + Lead); // from the key frame before
    }

    [Fact]
    public async Task A_seek_for_a_play_says_nothing_of_the_one_behind_it()
    {
        _client.Play(1, new PlayCommand(0, "a.mp4?end=2"));
        _client.Seek(1, 1000);
        Exchange();
        await RunPostedAsync();
        SendDue();
        _player.Now = 10_000;
        SendDue();
        Assert.False(_player.IsActive);
        Play("b.mp4", reset: false);
        await RunPostedAsync();
        Assert.Single(_ear.Heard, static word => word == "NetStream.Seek.Notify");
    }

    [Fact]
    public async Task Who_asks_how_long_a_film_is_holds_it_no_longer_than_that()
    {
        Title title = (await _catalog.OpenAsync(_catalog.Files.Find(PlayName.Parse("", "a.mp4")), default)).Title;
        Ask("getStreamLength", AmfValue.Number(7), AmfValue.Null, AmfValue.String("a.mp4"));
        await RunPostedAsync();
        title.Release();
        _catalog.Dispose();
        Assert.False(title.TryAcquire());
    }

    [Fact]
    public async Task Who_asks_for_nothing_thousands_of_times_fills_no_log()
    {
        for (int i = 0; i < 100; i++)
        {
            Play("nowhere.mp4");
            await RunPostedAsync();
        }

        Assert.Equal(20, _log.Lines.Count(static line => line.Contains(" play nowhere.mp4 refused: ", StringComparison.Ordinal)));
        _player.Abandon();
        Assert.Contains(_log.Lines, static line => line.Contains("that 80 lines about it were left out", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_seek_and_a_pause_for_a_play_that_fails_are_forgotten()
    {
        _client.Play(1, new PlayCommand(0, "nowhere.mp4"));
        _client.Seek(1, 10_000);
        _client.Pause(1, true, 0);
        Exchange();
        await RunPostedAsync();
        Assert.Equal(["NetStream.Play.StreamNotFound"], _ear.Heard);
        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        Assert.InRange(_lastTime, Lead - 120, Lead);
    }

    [Fact]
    public async Task A_switch_while_paused_stays_paused()
    {
        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        _client.Pause(1, true, 0);
        Exchange();
        _client.Play2(1, new Play2Command(0, "b.mp4", OldStreamName: "a.mp4", Transition: "switch"));
        Exchange();
        await RunPostedAsync();
        Assert.Contains("NetStream.Play.Transition", _ear.Heard);
        int before = _messages;
        SendDue();
        Assert.Equal(before + 1, _messages); // the picture there
        _player.Now = 60_000;
        SendDue();
        Assert.Equal(before + 1, _messages);
    }

    [Theory]
    [InlineData(MessageType.Audio, MessageType.Video)]
    [InlineData(MessageType.Video, MessageType.Audio)]
    public async Task What_a_client_does_not_want_to_receive_is_left_out_of_a_play_that_begins_later(byte unwanted, byte other)
    {
        if (unwanted == MessageType.Audio)
        {
            _player.OnReceiveAudio(1, receive: false);
        }
        else
        {
            _player.OnReceiveVideo(1, receive: false);
        }

        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        Assert.DoesNotContain(unwanted, _types);
        Assert.Contains(other, _types);
    }

    [Fact]
    public async Task A_seek_keeps_the_duration_of_the_play()
    {
        _client.Play(1, new PlayCommand(0, "a.mp4", 2000, 8000));
        Exchange();
        await RunPostedAsync();
        SendDue();
        _client.Seek(1, 6000);
        Exchange();
        _player.Now = 30_000;
        SendDue();
        Assert.Contains("eof", _ear.Heard);
        Assert.InRange(_lastTime, 9_800, 10_000);
    }

    [Fact]
    public async Task A_seek_behind_the_duration_of_the_play_ends_it()
    {
        _client.Play(1, new PlayCommand(0, "a.mp4", 0, 4000));
        Exchange();
        await RunPostedAsync();
        SendDue();
        _client.Seek(1, 12_000);
        Exchange();
        int before = _messages;
        _player.Now = 30_000;
        SendDue();
        Assert.Contains("eof", _ear.Heard);
        Assert.InRange(_messages - before, 0, 1);
    }

    [Fact]
    public async Task A_seek_begins_the_stream_anew_before_it_is_told()
    {
        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        _ear.Controls.Clear();
        _client.Seek(1, 10_000);
        Exchange();
        Assert.Equal([UserControlEvent.StreamIsRecorded, UserControlEvent.StreamBegin], _ear.Controls);
    }

    [Fact]
    public async Task Players_are_told_what_failed_and_not_where_the_file_lies()
    {
        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        _player.Watched!.Cursor!.Title.Watch.Fail($"Input/output error : '{Path.Combine(_folder.Path, "a.mp4")}'");
        _player.Now += 2000;
        SendDue();
        Assert.Equal("Stopped playing a.mp4: the file can no longer be read: Input/output error : 'a.mp4'.", _ear.Descriptions[^1]);
        Assert.Contains(
            _log.Lines, static line => line.Contains(" play a.mp4 ended: the file can no longer be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_metadata_tell_the_sound()
    {
        Play("a.mp4");
        await RunPostedAsync();
        Assert.Equal((44_100.0, 2.0, true), (
            _ear.Metadata!["audiosamplerate"]!.AsNumber(),
            _ear.Metadata["audiochannels"]!.AsNumber(),
            _ear.Metadata["stereo"]!.AsBoolean()));
    }

    [Fact]
    public async Task The_length_of_a_film_is_told_to_who_asks_and_0_where_there_is_none()
    {
        foreach ((string name, double seconds) in ((string, double)[])[("a.mp4", 24.0), ("nowhere.mp4", 0)])
        {
            Ask("getStreamLength", AmfValue.Number(7), AmfValue.Null, AmfValue.String(name));
            await RunPostedAsync();
            Assert.Equal(seconds, _ear.Result!.AsNumber()!.Value, 0.1);
        }
    }

    [Fact]
    public async Task A_seek_past_the_end_of_a_piece_stays_in_it_where_a_key_frame_follows()
    {
        Title title = (await _catalog.OpenAsync(_catalog.Files.Find(PlayName.Parse("", "a.mp4")), default)).Title;
        TitleTime next = title.Strip[title.Strip.SyncPoint(2)].Time; // the first that is not in the piece
        double end = (next - title.Strip.RunUpEnd) / 1000.0;
        title.Release();
        Play(string.Create(CultureInfo.InvariantCulture, $"a.mp4?end={end}"));
        await RunPostedAsync();
        SendDue();
        _client.Seek(1, 60_000);
        Exchange();
        SendDue();
        Assert.InRange(_lastTime, 1, next.Milliseconds - 1);
    }

    [Fact]
    public async Task A_play_with_a_start_stands_there_in_what_seeks_count_in()
    {
        _client.Play(1, new PlayCommand(0, "a.mp4", 10_000));
        Exchange();
        await RunPostedAsync();
        Assert.InRange(_player.Watched!.ReelTime - ReelTime.Zero, 7_000, 10_000); // from the key frame before
    }

    [Fact]
    public async Task A_pause_for_a_play_that_fails_does_not_pause_what_is_lined_up_behind()
    {
        _client.Play(1, new PlayCommand(0, "nowhere.mp4"));
        _client.Pause(1, true, 0);
        Exchange();
        await RunPostedAsync();
        Play("a.mp4", reset: false);
        await RunPostedAsync();
        SendDue();
        Assert.InRange(_lastTime, Lead - 120, Lead);
        Assert.False(_player.Watched!.IsPaused);
        Assert.DoesNotContain("NetStream.Pause.Notify", _ear.Heard);
    }

    [Fact]
    public async Task Eight_plays_wait_behind_one_that_plays_and_no_more()
    {
        Play("a.mp4?end=1");
        await RunPostedAsync();
        for (int i = 0; i < 9; i++)
        {
            Play("b.mp4?end=1", reset: false);
            await RunPostedAsync();
        }

        Assert.Equal("More than 8 titles wait.", _ear.Descriptions[^1]);
        Assert.Equal(1, _ear.Heard.Count(static word => word == "NetStream.Play.Failed"));
        for (int now = 0; now < 12_000; now += 500)
        {
            _player.Now = now;
            SendDue();
        }

        Assert.Equal(9, _ear.Heard.Count(static word => word == "NetStream.Play.Start")); // one after the other
        Assert.Equal("eof", _ear.Heard[^1]);
    }

    [Fact]
    public async Task A_stream_that_is_deleted_lets_go_of_its_film()
    {
        Title title = (await _catalog.OpenAsync(_catalog.Files.Find(PlayName.Parse("", "a.mp4")), default)).Title;
        title.Release();
        Play("a.mp4");
        await RunPostedAsync();
        _catalog.Dispose(); // the player alone holds it
        Assert.True(title.TryAcquire());
        title.Release();
        Ask("deleteStream", AmfValue.Number(0), AmfValue.Null, AmfValue.Number(1));
        Assert.False(title.TryAcquire());
        Assert.False(_player.IsActive);
    }

    [Fact]
    public async Task A_piece_that_ends_before_the_presentation_begins_is_joined_inside_itself()
    {
        Title title = (await _catalog.OpenAsync(_catalog.Files.Find(PlayName.Parse("", "a.mp4")), default)).Title;
        TitleTime start = title.Strip.StartTime;
        Assert.True(start > TitleTime.Zero, "its pictures are reordered");
        ReelPart part = new(title, TitleTime.Zero, start, ReelTime.Zero);
        Assert.Equal(start - 1, part.JointIn);
        title.Release();
    }

    [Theory]
    [InlineData("film.cmfv", "no title film.cmfv: files named *.cmfv are not served: titles end in .mp4, ")]
    [InlineData("film.cmfv?start=1", "no title film.cmfv: files named *.cmfv are not served: titles end in .mp4, ")]
    [InlineData("film.mp4", "no title film.mp4")]
    [InlineData("film", "no title film")]
    [InlineData("Dr. Who", "no title Dr. Who")]
    [InlineData("film.v2", "no title film.v2")]
    [InlineData("film.info.json", "no title film.info.json")]
    public async Task A_title_that_is_not_there_is_named_with_what_is_wrong_with_its_name(string name, string reason)
    {
        Play(name);
        await RunPostedAsync();
        Assert.Equal(["NetStream.Play.StreamNotFound"], _ear.Heard);
        Assert.Equal(name, _ear.Details[^1]);
        if (reason.EndsWith(' '))
        {
            Assert.StartsWith(reason, _ear.Descriptions[^1], StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(reason, _ear.Descriptions[^1]);
        }
    }

    [Fact]
    public async Task A_name_that_is_too_long_is_not_sent_back()
    {
        Play(new string('x', 60_000));
        await RunPostedAsync();
        Assert.Equal("no title has a name of 60000 characters: 12288 are the most", _ear.Descriptions[^1]);
        Assert.Null(_ear.Details[^1]);
    }

    [Theory]
    [InlineData("pipe.mp4", "")]
    [InlineData("list.m3u8", "item 2 of the playlist (line 2 at offset 6): ")]
    public async Task What_cannot_be_read_is_told_with_the_reason_and_without_its_folder(string name, string place)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such files.");
        using (Process mkfifo = Process.Start("mkfifo", [Path.Combine(_folder.Path, "pipe.mp4")]))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await File.WriteAllTextAsync(
            Path.Combine(_folder.Path, "list.m3u8"), "a.mp4\npipe.mp4", TestContext.Current.CancellationToken);
        Play(name);
        await RunPostedAsync();
        Assert.Equal(["NetStream.Play.Failed"], _ear.Heard);
        Assert.StartsWith(place, _ear.Descriptions[^1], StringComparison.Ordinal);
        Assert.Contains("pipe", _ear.Descriptions[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(_folder.Path, _ear.Descriptions[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(PlayCommand.LiveStart)]
    public void A_play_that_wants_a_live_stream_alone_gets_no_recording(double start)
    {
        _client.Play(1, new PlayCommand(0, "a.mp4", start));
        Exchange();
        Assert.Equal(["NetStream.Play.StreamNotFound"], _ear.Heard);
        Assert.False(_player.IsActive);
    }

    [Theory]
    [InlineData("a.mp4?audio=none")]
    [InlineData("a.mp4?video=none")]
    public async Task A_film_of_one_track_begins_with_what_players_look_through_for_a_second_one(string name)
    {
        Play(name);
        await RunPostedAsync();
        SendDue();
        Assert.InRange(_lastTime, 5_880, 6_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_player_whose_file_is_being_compared_sleeps_until_that_is_known(bool isPaused)
    {
        Play("a.mp4");
        await RunPostedAsync();
        SendDue();
        string path = Path.Combine(_folder.Path, "a.mp4");
        using ManualResetEventSlim free = new();
        Task<bool> busy = _catalog.Files.Lookups.RunAsync($"compare {path}", _ => free.Wait(TimeSpan.FromSeconds(60)));
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        if (isPaused)
        {
            _client.Pause(1, true, 0);
            _client.Seek(1, 10_000); // one picture is due
            Exchange();
        }

        await Task.Delay(20); // the looks of one millisecond are one
        int before = _messages;
        for (_player.Now = 5_000; _player.Now < 8_000; _player.Now += 100)
        {
            SendDue();
            Assert.InRange(_player.NextWake(), _player.Now + 10_000, _player.Now + 31_000);
        }

        Assert.Equal(before, _messages);
        free.Set();
        await busy;
        await RunPostedAsync();
        Assert.InRange(_player.NextWake(), 0, _player.Now + 1200); // it would be looked at though nothing had called it
        SendDue();
        Assert.InRange(_messages, before + 1, isPaused ? before + 1 : int.MaxValue);
        Assert.InRange(_player.NextWake(), _player.Now + 1, long.MaxValue);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_player_whose_bytes_are_being_read_sleeps_until_they_come_or_it_has_waited_too_long(bool isPaused)
    {
        ToldReader disk = new();
        using PresenceThreads threads = new(() => disk);
        using TitleCatalog catalog = new(
            new FileCatalog(new ServedFolder(_folder.Path), new FileBudget(), presence: threads), NullLogger.Instance);
        PlayerStreams streams = await PlayFromAsync(catalog);
        PlayerStream stream = streams[1];
        if (isPaused)
        {
            stream.Pause(0);
            stream.Seek(new ReelTime(10_000), now: 0);
        }

        for (int turn = 0; turn < 100; turn++)
        {
            _list.Clear();
            streams.GatherDue(_list, 1 << 20, now: turn * 10);
            Assert.Equal(0, _list.Length);
            Assert.Equal(30_001, streams.NextWake(turn * 10)); // TitleLimits.StorageTimeout
        }

        disk.BringAll();
        await RunPostedAsync();
        _list.Clear();
        streams.GatherDue(_list, 1 << 20, now: 1000);
        Assert.InRange(_list.Length, 1, long.MaxValue);
        streams.AdvanceDue(_list.Length, now: 1000);
        Assert.InRange(streams.NextWake(1000), 1001, isPaused ? long.MaxValue : 2200);
        Assert.False(stream.HasEnded);
        streams.Abandon();
    }

    [Fact]
    public async Task A_player_whose_bytes_never_come_is_told_so_when_it_has_waited_for_long_enough()
    {
        using PresenceThreads threads = new(static () => new ToldReader());
        using TitleCatalog catalog = new(
            new FileCatalog(new ServedFolder(_folder.Path), new FileBudget(), presence: threads), NullLogger.Instance);
        PlayerStreams streams = await PlayFromAsync(catalog);
        streams.GatherDue(_list, 1 << 20, now: 0);
        Assert.False(streams[1].HasEnded);
        streams.GatherDue(_list, 1 << 20, streams.NextWake(0));
        Assert.True(streams[1].HasEnded);
        streams.Abandon();
    }

    [Fact]
    public async Task The_next_film_of_a_list_is_told_by_a_switch()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "two.m3u8"), "a.mp4?end=1\nb.mp4?end=1\n");
        Play("two.m3u8");
        await RunPostedAsync();
        SendDue();
        _player.Now = 5000;
        SendDue();
        Assert.Equal(1, _ear.Heard.Count(static word => word == "NetStream.Play.Switch"));
        Assert.Contains("NetStream.Play.Complete", _ear.Heard);
    }

    [Fact]
    public async Task A_play_that_is_stopped_while_it_is_paused_is_paused_no_longer()
    {
        PlayerStreams streams = await PlayFromAsync(_catalog);
        streams[1].Pause(now: 10);
        Assert.Equal(10, streams[1].PausedSince);
        streams[1].Stop();
        Assert.Null(streams[1].PausedSince);
        streams.Abandon();
    }

    [Fact]
    public async Task The_rest_of_a_message_that_was_cut_comes_first_and_what_is_due_behind_it()
    {
        PlayerStreams streams = await PlayFromAsync(_catalog);
        _list.Clear();
        streams.GatherDue(_list, 1 << 16, now: 0);
        streams.AdvanceDue(_list.Length - 10, now: 0);
        _list.Clear();
        Assert.True(streams.GatherRest(_list, now: 0));
        Assert.Equal(10, _list.Length);
        streams.AdvanceRest(10);
        _list.Clear();
        Assert.True(streams.GatherRest(_list, now: 0));
        Assert.Equal(0, _list.Length);
        streams.Abandon();
    }

    [Fact]
    public async Task A_connection_that_is_gone_amid_a_message_lets_go_of_its_film_once()
    {
        Title title = (await _catalog.OpenAsync(_catalog.Files.Find(PlayName.Parse("", "a.mp4")), default)).Title;
        PlayerStreams streams = await PlayFromAsync(_catalog);
        _list.Clear();
        streams.GatherDue(_list, 1 << 20, now: 0);
        streams.AdvanceDue(_list.Length - 1, now: 0); // the last message is on the wire but for a byte
        Assert.True(streams[1].Cursor!.IsInsideMessage);
        streams.Abandon();
        _catalog.Dispose();
        Assert.True(title.TryAcquire()); // this test holds it still
        title.Release();
        title.Release();
        Assert.False(title.TryAcquire());
    }

    [Fact]
    public async Task A_stream_that_is_removed_is_forgotten()
    {
        PlayerStreams streams = await PlayFromAsync(_catalog);
        PlayerStream before = streams[1];
        Assert.Same(before, streams.Find(1));
        streams.Remove(1);
        Assert.Null(streams.Find(1));
        Assert.Null(streams.Watched);
        Assert.NotSame(before, streams[1]);
        streams.Abandon();
        Assert.Null(streams.Find(1));
    }

    [Fact]
    public async Task What_follows_the_application_is_the_folder_of_the_names()
    {
        _folder.Add("sub/c.mp4");
        ClientSession client =
            new(new ClientSessionOptions(), ClientSessionOptions.DefaultConnect("vod/sub", "rtmp://h/vod/sub"), _ear, _toServer);
        ArrayBufferWriter<byte> toClient = new();
        Player player = new(PlayerContextOf(_catalog), null, toClient, Post);
        Converse();
        client.CreateStream();
        Converse();
        client.Play(1, new PlayCommand(0, "c.mp4"));
        Converse();
        await RunPostedAsync();
        Converse();
        Assert.Equal("NetStream.Play.Start", _ear.Heard[^1]);
        player.Abandon();

        void Converse()
        {
            do
            {
                byte[] asked = _toServer.WrittenSpan.ToArray();
                _toServer.ResetWrittenCount();
                player.Session.Receive(asked);
                byte[] answered = toClient.WrittenSpan.ToArray();
                toClient.ResetWrittenCount();
                client.Receive(answered);
            }
            while (_toServer.WrittenCount > 0);
        }
    }

    [Theory]
    [InlineData(4096, 0, 0, true)]
    [InlineData(4097, 0, 0, false)]
    [InlineData(2000, 2000, 96, true)]
    [InlineData(2000, 2000, 97, false)]
    public void The_strings_of_connect_are_taken_up_to_a_length_that_they_share(int application, int url, int version, bool isTaken)
    {
        Player player = new(PlayerContextOf(_catalog), null, _toClient, Post);
        ConnectCommand connect = new(1, AmfValue.Object(
            ("app", AmfValue.String("vod/".PadRight(application, 'x'))), ("tcUrl", AmfValue.String(new string('u', url))),
            ("flashVer", AmfValue.String(new string('v', version)))));
        Assert.Equal(isTaken ? null : "the strings of connect are longer than 4096 characters", player.OnConnect(connect));
        Assert.Equal(isTaken, player.IsConnected);
        player.Abandon();
    }

    private PlayerContext PlayerContextOf(TitleCatalog catalog) => new(
        new MediaServerOptions { Folder = _folder.Path }.ToPlayerOptions(),
        new ReelOpener(new ServedFolder(_folder.Path), catalog, 10),
        _log);

    /// <summary>A stream 1 that plays a.mp4 of a catalog.</summary>
    private async Task<PlayerStreams> PlayFromAsync(TitleCatalog catalog)
    {
        Title title = (await catalog.OpenAsync(catalog.Files.Find(PlayName.Parse("", "a.mp4")), default)).Title;
        Reel reel = new([new ReelPart(title, TitleTime.Zero, title.Strip.EndTime, ReelTime.Zero)], loops: false);
        PlayerOptions options = new("vod", 4096, TimeSpan.FromMilliseconds(Lead), default, TimeSpan.FromMinutes(1), false, 0);
        PlayerStreams streams = new(options, new PlayerContext(options, null!, _log).CreateRtmpCursor, Post);
        streams[1].Start(new PendingPlay(reel, default, ReelTime.Zero, -1), PlayerTime.Zero, now: 0);
        return streams;
    }

    private void Play(string name, bool reset = true)
    {
        _client.Play(1, new PlayCommand(0, name, Reset: reset));
        Exchange();
    }

    /// <summary>Sends a command that a <see cref="ClientSession"/> has no method for.</summary>
    private void Ask(string command, params AmfValue[] values)
    {
        Amf0Writer writer = new(stackalloc byte[512]);
        writer.WriteString(command);
        foreach (AmfValue value in values)
        {
            writer.WriteValue(value);
        }

        byte[] header = new byte[ChunkHeader.MaxLength];
        int length = ChunkHeader.WriteType0(header, 3, 0, writer.Written.Length, MessageType.CommandAmf0, 0);
        _toServer.Write([.. header[..length], .. writer.Written]);
        writer.Dispose();
        Exchange();
    }

    private void Exchange()
    {
        do
        {
            byte[] bytes = _toServer.WrittenSpan.ToArray();
            _toServer.ResetWrittenCount();
            _player.Session.Receive(bytes);
            Hear();
        }
        while (_toServer.WrittenCount > 0);
    }

    private void Hear()
    {
        byte[] bytes = _toClient.WrittenSpan.ToArray();
        _toClient.ResetWrittenCount();
        _client.Receive(bytes);
    }

    /// <summary>Sends all that is due, as a socket does that takes everything.</summary>
    private void SendDue()
    {
        while (true)
        {
            _list.Clear();
            _player.GatherDue(_list, 256 * 1024);
            long length = _list.Length;
            if (length > 0)
            {
                _lastTime = LastTimeOf(_list);
            }

            _player.AdvanceDue(length);
            Hear();
            if (length == 0)
            {
                return;
            }
        }
    }

    /// <summary>The time of the last message of a list, read as a client reads it.</summary>
    private long LastTimeOf(GatherList list)
    {
        using SocketPair sockets = new(sendBuffer: 4 << 20); // takes a list whole
        MemoryStream wire = new();
        list.Send(sockets.Sender.SafeHandle, out long sent);
        Assert.Equal(list.Length, sent);
        sockets.Sender.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        while (wire.Length < sent)
        {
            sockets.Drain(wire);
        }

        ChunkReader reader = new(ChunkReaderLimits.Client);
        ReadOnlySpan<byte> chunkSize = [2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0x10, 0, 0];
        reader.TryRead(ref chunkSize, out _);
        ReadOnlySpan<byte> bytes = wire.ToArray();
        long last = 0;
        while (reader.TryRead(ref bytes, out RtmpMessage message))
        {
            last = message.Timestamp;
            _messages++;
            _types.Add(message.TypeId);
        }

        return last;
    }

    private void Post(Action action)
    {
        lock (_posted)
        {
            _posted.Enqueue(action);
        }

        _hasPosted.Release();
    }

    private async Task RunPostedAsync()
    {
        Assert.True(await _hasPosted.WaitAsync(TimeSpan.FromSeconds(30)), "nothing has come back");
        RunPosted();
    }

    private void RunPosted()
    {
        Action action;
        lock (_posted)
        {
            action = _posted.Dequeue();
        }

        action();
        Hear();
    }

    /// <summary>What the client hears: codes of statuses, and <c>eof</c>.</summary>
    private sealed class Ear : IClientSessionHandler
    {
        public List<string> Heard { get; } = [];

        /// <summary>The times of onMetaData: when each play began.</summary>
        public List<long> StartTimes { get; } = [];

        public void OnConnected(bool accepted, StatusInfo status) => Assert.True(accepted);

        /// <summary>What the last command came to.</summary>
        public AmfValue? Result { get; private set; }

        /// <summary>Of the newest play.</summary>
        public AmfValue? Metadata { get; private set; }

        public List<UserControlEvent> Controls { get; } = [];

        public void OnResult(double transactionId, bool succeeded, AmfValue value)
        {
            Assert.True(succeeded);
            Result = value;
        }

        public List<string?> Descriptions { get; } = [];

        public List<string?> Details { get; } = [];

        public void OnStatus(uint streamId, StatusInfo status)
        {
            Heard.Add(status.Code);
            Descriptions.Add(status.Description);
            Details.Add(status.Details);
        }

        public void OnUserControl(UserControl control)
        {
            Controls.Add(control.Event);
            if (control.Event == UserControlEvent.StreamEof)
            {
                Heard.Add("eof");
            }
        }

        public void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values)
        {
            if (name == "onMetaData")
            {
                StartTimes.Add(timestamp);
                Metadata = values[0];
            }
            else if (name == "onPlayStatus")
            {
                Heard.Add(values[0]["code"]!.AsString()!);
            }
        }

        public void OnMedia(in RtmpMessage message, long timestamp)
        {
        }
    }
}
