using System.Buffers.Binary;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Flv;
using Mapwire.Server.Hosting;
using Mapwire.Server.Loop;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Flv;

/// <summary>A viewer of FLV without a socket, by a clock that the test moves; what it is sent is read back as a file.</summary>
public sealed class FlvViewerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly PlayerContext _context;
    private readonly RecordingLog _log = new();
    private readonly SemaphoreSlim _hasPosted = new(0);
    private readonly Queue<Action> _posted = new();
    private readonly GatherList _list = new();
    private readonly byte[] _buffer = new byte[1 << 20];
    private readonly List<FlvViewer> _viewers = [];

    public FlvViewerTests()
    {
        _folder.Add("a.mp4");
        File.WriteAllBytes(Path.Combine(_folder.Path, "old.flv"), FilmBytes.FlvWithSound(3, 60));
        File.SetLastWriteTimeUtc(Path.Combine(_folder.Path, "old.flv"), DateTime.UtcNow.AddHours(-1)); // else more of it is expected
        File.WriteAllText(Path.Combine(_folder.Path, "list.m3u8"), "a.mp4?end=2\nold.flv\na.mp4?start=4&end=5\n");
        ServedFolder folder = new(_folder.Path);
        _catalog = new TitleCatalog(new FileCatalog(folder, new FileBudget()), NullLogger.Instance);
        _context = new PlayerContext(
            new MediaServerOptions { Folder = _folder.Path }.ToPlayerOptions(), new ReelOpener(folder, _catalog, 10), _log);
    }

    public void Dispose()
    {
        _viewers.ForEach(static viewer => viewer.Abandon());
        _catalog.Dispose();
        _list.Dispose();
        _folder.Dispose();
        _hasPosted.Dispose();
    }

    [Theory]
    [InlineData("a.mp4", int.MaxValue)]
    [InlineData("a.mp4", 1000)]
    [InlineData("old.flv", 7)]
    public async Task A_stream_read_back_as_a_file_has_the_samples_of_the_film(string name, int most)
    {
        (FlvViewer viewer, FlvStream shape) = await OpenAsync(name);
        viewer.Begin(0);
        byte[] stream = Run(viewer, most);
        Assert.Equal(shape.Length, stream.Length);

        string path = Path.Combine(_folder.Path, "read.flv");
        File.WriteAllBytes(path, stream);
        Title sent = Title.Open(Path.Combine(_folder.Path, name), name);
        Title read = Title.Open(path, "read.flv");
        byte[] file = File.ReadAllBytes(Path.Combine(_folder.Path, name));
        Assert.Equal(sent.Strip.Count, read.Strip.Count);
        for (int i = 0; i < sent.Strip.Count; i++)
        {
            StripEntry expected = sent.Strip[i];
            StripEntry entry = read.Strip[i];
            Assert.Equal((expected.Time, expected.Composition, expected.Size, expected.Lane, expected.IsSync),
                (entry.Time, entry.Composition, entry.Size, entry.Lane, entry.IsSync));
            ReadOnlySpan<byte> payload = file.AsSpan((int)expected.Offset, expected.Size);
            Assert.True(payload.SequenceEqual(stream.AsSpan((int)entry.Offset, entry.Size)), $"sample {i}");
        }

        for (int lane = 0; lane < sent.Codecs.Lanes.Length; lane++)
        {
            Assert.Equal(sent.Codecs.Lanes[lane]!.SequenceHeader, read.Codecs.Lanes[lane]!.SequenceHeader);
        }

        sent.Release();
        read.Release();
    }

    [Theory]
    [InlineData("a.mp4", 5)]
    [InlineData("a.mp4?audio=none", 1)]
    [InlineData("a.mp4?video=none", 4)]
    [InlineData("list.m3u8", 5)]
    public async Task The_flags_of_the_file_header_tell_what_is_there(string name, byte flags)
    {
        (_, FlvStream shape) = await OpenAsync(name);
        Assert.Equal([(byte)'F', (byte)'L', (byte)'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0], shape.Head[..13]);
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("old.flv")]
    [InlineData("a.mp4?start=5")]
    [InlineData("a.mp4?start=4&end=9.5&audio=none")]
    public async Task Metadata_name_the_byte_and_the_time_of_each_key_frame(string name)
    {
        (FlvViewer viewer, FlvStream shape) = await OpenAsync(name);
        viewer.Begin(0);
        byte[] stream = Run(viewer);
        AmfValue metadata = MetadataOf(stream);
        AmfValue keyframes = Property(metadata, "keyframes")!;
        double[] times = [.. Property(keyframes, "times")!.Items.Select(static item => item.AsNumber() ?? double.NaN)];
        double[] positions = [.. Property(keyframes, "filepositions")!.Items.Select(static item => item.AsNumber() ?? double.NaN)];
        Tag[] keys = [.. TagsOf(stream).Where(static tag => tag.IsKeyFrame)];
        Assert.NotEmpty(keys);
        Assert.Equal(keys.Select(static tag => (double)tag.Position), positions);
        Assert.Equal(keys.Select(static tag => tag.Timestamp / 1000.0), times);
        Assert.Equal((double)stream.Length, Property(metadata, "filesize")!.AsNumber());
        Assert.Equal(0u, TagsOf(stream).First(static tag => tag.Type == FlvTagHeader.Video).Timestamp);
    }

    [Fact]
    public async Task A_video_stream_without_a_known_length_has_no_positions()
    {
        foreach (string name in (string[])["list.m3u8", "a.mp4?loop=1"])
        {
            (_, FlvStream shape) = await OpenAsync(name);
            Assert.Null(shape.Length);
            AmfValue metadata = MetadataOf(shape.Head);
            Assert.Null(Property(metadata, "filesize"));
            Assert.Null(Property(metadata, "keyframes"));
        }
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("a.mp4?start=5&end=8")]
    public async Task A_stream_begun_at_any_byte_is_the_rest_of_the_whole_one(string name)
    {
        (FlvViewer viewer, FlvStream shape) = await OpenAsync(name);
        viewer.Begin(0);
        byte[] whole = Run(viewer);
        long[] positions =
        [
            1, shape.Head.Length - 1, shape.Head.Length, shape.Head.Length + 1, whole.Length - 1, whole.Length - 4, whole.Length - 5,
            .. TagsOf(whole).Skip(40).Take(3).SelectMany(static tag => (long[])[tag.Position - 4, tag.Position - 1, tag.Position,
                tag.Position + 10, tag.Position + 11, tag.Position + 13]),
            .. Enumerable.Range(1, 20).Select(i => whole.Length * (long)i / 21),
        ];
        foreach (long position in positions)
        {
            (FlvViewer late, _) = await OpenAsync(name);
            late.Begin(position);
            Assert.True(Run(late).AsSpan().SequenceEqual(whole.AsSpan((int)position)), $"from {position} of {whole.Length}");
        }
    }

    [Fact]
    public async Task Who_begins_in_the_middle_is_sent_what_it_buffers_and_not_the_rest_of_the_film()
    {
        (FlvViewer viewer, FlvStream shape) = await OpenAsync("a.mp4");
        viewer.Begin(shape.Length!.Value / 2);
        long before = viewer.Watched.Cursor!.PlayerTime.Milliseconds;
        SendDue(viewer, int.MaxValue, new MemoryStream());
        Assert.InRange(viewer.Watched.Cursor!.PlayerTime.Milliseconds - before, 2900, 3100); // the default client buffer
        Assert.InRange(viewer.NextWake(), 1, 1200);
    }

    [Theory]
    [InlineData(900)]
    [InlineData(8000)]
    public async Task A_buffer_that_was_asked_for_is_filled(long buffer)
    {
        (FlvViewer viewer, _) = await OpenAsync("a.mp4");
        viewer.Watched.BufferLength = (uint)buffer;
        viewer.Begin(0);
        SendDue(viewer, int.MaxValue, new MemoryStream());
        Assert.InRange(viewer.Watched.Cursor!.PlayerTime.Milliseconds, buffer, buffer + 50);
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("list.m3u8")]
    public async Task Web_socket_frames_hold_the_same_stream_and_each_ends_with_a_tag(string name)
    {
        (FlvViewer plain, _) = await OpenAsync(name);
        plain.Begin(0);
        byte[] expected = Run(plain);
        (FlvViewer framed, _) = await OpenAsync(name, isFramed: true);
        framed.Begin(0);
        byte[] wire = Run(framed, most: 1111);
        MemoryStream stream = new();
        HashSet<long> ends = [.. TagsOf(expected).Select(static tag => tag.End)];
        for (int at = 0; at < wire.Length;)
        {
            Assert.Equal(0x82, wire[at]); // the last piece of a binary message
            (int header, long length) = wire[at + 1] switch
            {
                126 => (4, BinaryPrimitives.ReadUInt16BigEndian(wire.AsSpan(at + 2))),
                127 => (10, BinaryPrimitives.ReadInt64BigEndian(wire.AsSpan(at + 2))),
                byte few => (2, few),
            };
            Assert.InRange(length, 0, wire.Length - at - header);
            stream.Write(wire, at + header, (int)length);
            at += header + (int)length;
            Assert.Contains(stream.Length, ends);
        }

        Assert.True(stream.ToArray().AsSpan().SequenceEqual(expected));
    }

    [Fact]
    public async Task A_list_goes_on_in_time_and_tells_what_is_different()
    {
        (FlvViewer viewer, _) = await OpenAsync("list.m3u8");
        viewer.Begin(0);
        Tag[] tags = [.. TagsOf(Run(viewer))];
        Assert.Equal(3, tags.Count(static tag => tag.Type == FlvTagHeader.Script));
        Assert.Equal(tags.Select(static tag => tag.Timestamp).Order(), tags.Select(static tag => tag.Timestamp));
        Assert.InRange(tags[^1].Timestamp, 5300u, 5500u); // 2 s, 2.4 s and 1 s
        Assert.Equal(3, tags.Count(static tag => tag.IsVideoConfiguration));
        int second = Array.FindIndex(tags, 1, static tag => tag.Type == FlvTagHeader.Script);
        Assert.InRange(tags[second].Timestamp, 1950u, 2000u);
        Assert.True(tags[second + 1].IsVideoConfiguration);
    }

    [Fact]
    public async Task A_loop_goes_on_in_time_and_never_ends()
    {
        (FlvViewer viewer, _) = await OpenAsync("a.mp4?end=2&loop=1");
        viewer.Begin(0);
        MemoryStream wire = RunFor(viewer, 20_000);

        Assert.False(viewer.IsOver);
        Tag[] tags = [.. TagsOf(wire.ToArray())];
        Assert.Equal(tags.Select(static tag => tag.Timestamp).Order(), tags.Select(static tag => tag.Timestamp));
        Assert.InRange(tags[^1].Timestamp, 21_900u, 22_000u);
        Assert.InRange(tags.Count(static tag => tag.IsKeyFrame), 11, 12);
    }

    [Theory]
    [InlineData("a.mp4?loop=1", 24_000)]
    [InlineData("a.mp4?end=2&loop=1", 2_000)]
    [InlineData("a.mp4?end=0.3&loop=1", 300)]
    [InlineData("twice.m3u8?loop=1", 1_500)] // twice the same piece
    public async Task Where_a_film_joins_another_decode_times_ascend_and_pictures_and_sound_go_on_together(string name, int about)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "twice.m3u8"), "a.mp4?end=1.5\na.mp4?end=1.5\n");
        (FlvViewer viewer, _) = await OpenAsync(name);
        viewer.Begin(0);
        byte[] stream = RunFor(viewer, 80_000).ToArray();
        Tag[] frames = [.. TagsOf(stream).Where(static tag => tag.IsFrame)];
        Tag[] pictures = [.. frames.Where(static tag => tag.Type == FlvTagHeader.Video)];
        Tag[] sounds = [.. frames.Where(static tag => tag.Type == FlvTagHeader.Audio)];
        Assert.Equal(frames.Select(static tag => tag.Timestamp).Order(), frames.Select(static tag => tag.Timestamp));
        foreach (Tag[] track in (Tag[][])[pictures, sounds])
        {
            for (int i = 1; i < track.Length; i++)
            {
                Assert.True(track[i].Timestamp > track[i - 1].Timestamp, $"{track[i - 1].Timestamp} ms and {track[i].Timestamp} ms");
            }
        }

        // Each picture is shown as long after the one of the round before as each other one is: so is the sound that comes with it.
        int ofRound = RoundOf(pictures, stream);
        long period = pictures[ofRound].ShownIn(stream) - pictures[0].ShownIn(stream);
        Assert.InRange(period, about - 100, about + 60); // without what comes before the first picture is shown
        for (int i = ofRound; i < pictures.Length; i++)
        {
            Assert.Equal(period, pictures[i].ShownIn(stream) - pictures[i - ofRound].ShownIn(stream));
        }

        int ofSound = RoundOf(sounds, stream);
        for (int i = ofSound; i < sounds.Length; i++)
        {
            long behind = sounds[i].Timestamp - sounds[i - ofSound].Timestamp - period;
            Assert.InRange(behind, 0, i % ofSound < 3 ? 40 : 0); // what a decoder starts with lies over the end of the round before
        }
    }

    [Theory]
    [InlineData("a.mp4?start=5.3&end=7&loop=1")] // key pictures are seconds apart
    [InlineData("a.mp4?start=5.3&end=7&loop=1&audio=none")]
    public async Task A_picture_that_is_hidden_at_a_joint_has_not_the_time_of_the_last_one_before(string name)
    {
        (FlvViewer viewer, _) = await OpenAsync(name);
        viewer.Begin(0);
        byte[] stream = RunFor(viewer, 20_000).ToArray();
        Tag[] pictures = [.. TagsOf(stream).Where(static tag => tag is { IsFrame: true, Type: FlvTagHeader.Video })];
        int[] begins = [.. Enumerable.Range(1, pictures.Length - 1).Where(i => pictures[i].SameAs(pictures[0], stream))];
        Assert.InRange(begins.Length, 8, int.MaxValue);
        Assert.All(begins, begin => Assert.True(pictures[begin].Timestamp > pictures[begin - 1].Timestamp));
        Assert.Equal(pictures.Select(static tag => tag.Timestamp).Order(), pictures.Select(static tag => tag.Timestamp));
    }

    [Fact]
    public async Task At_the_end_of_a_film_that_is_written_its_viewer_waits_and_is_sent_more_when_there_is_more()
    {
        string path = Path.Combine(_folder.Path, "new.flv");
        await File.WriteAllBytesAsync(path, FilmBytes.FlvWithSound(3, 60), TestContext.Current.CancellationToken);
        (FlvViewer viewer, _) = await OpenAsync("new.flv");
        viewer.Begin(0);
        MemoryStream wire = RunFor(viewer, 10_000);

        Assert.False(viewer.IsOver);
        Assert.Equal(TimerWheel.Never, viewer.NextWake()); // it is called when something has come, and not before
        uint last = TagsOf(wire.ToArray())[^1].Timestamp;
        Assert.InRange(last, 1000u, 2400u);
        await RunPostedAsync();
        await File.WriteAllBytesAsync(path, FilmBytes.FlvWithSound(3, 120), TestContext.Current.CancellationToken);
        for (int looks = 0; looks < 60 && TagsOf(wire.ToArray())[^1].Timestamp == last; looks++)
        {
            await RunPostedAsync();
            viewer.Now += 1000;
            SendDue(viewer, int.MaxValue, wire);
        }

        Tag[] tags = [.. TagsOf(wire.ToArray())];
        Assert.InRange(tags[^1].Timestamp, last + 1000, 4800u);
        Assert.Equal(1, tags.Count(static tag => tag.IsVideoConfiguration));
        Assert.Equal(tags.Select(static tag => tag.Timestamp).Order(), tags.Select(static tag => tag.Timestamp));
    }

    [Fact]
    public async Task Who_waits_for_more_of_a_film_that_is_gone_is_told_so()
    {
        string path = Path.Combine(_folder.Path, "new.flv");
        await File.WriteAllBytesAsync(path, FilmBytes.FlvWithSound(3, 60), TestContext.Current.CancellationToken);
        (FlvViewer viewer, _) = await OpenAsync("new.flv");
        viewer.Begin(0);
        RunFor(viewer, 5000);
        File.Delete(path);
        for (int looks = 0; looks < 60 && !viewer.IsOver; looks++)
        {
            await RunPostedAsync();
        }

        Assert.True(viewer.IsOver);
        Assert.Contains(_log.Lines, static line => line.Contains("play new.flv ended:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_film_that_is_cut_under_its_viewer_ends_with_a_reason_and_without_a_byte_more()
    {
        (FlvViewer viewer, _) = await OpenAsync("a.mp4");
        viewer.Begin(0);
        SendDue(viewer, int.MaxValue, new MemoryStream());
        using (FileStream file = new(Path.Combine(_folder.Path, "a.mp4"), FileMode.Open, FileAccess.Write))
        {
            file.SetLength(file.Length / 2);
        }

        await Task.Delay(20, TestContext.Current.CancellationToken); // the looks of one millisecond are one
        viewer.Now += 2000;
        MemoryStream wire = new();
        SendDue(viewer, int.MaxValue, wire);
        Assert.Equal(0, wire.Length);
        Assert.True(viewer.IsLost);
        Assert.True(viewer.IsOver);
        Assert.Contains(_log.Lines, static line => line.Contains("play a.mp4 ended:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_title_that_is_not_there_is_refused_and_logged()
    {
        FlvViewer viewer = NewViewer(isFramed: false);
        Exception? refusal = null;
        viewer.Open(PlayName.Parse("", "nowhere.mp4"), default, (_, fault) => refusal = fault);
        await RunPostedAsync();
        Assert.Equal(TitleError.NotFound, Assert.IsType<TitleException>(refusal).Error);
        Assert.Contains(_log.Lines, static line => line.Contains("play nowhere.mp4 refused:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_viewer_that_leaves_while_its_title_is_opened_holds_nothing()
    {
        (FlvViewer watching, _) = await OpenAsync("a.mp4");
        watching.Begin(0);
        Title title = watching.Watched.Cursor!.Title;
        foreach (string name in (string[])["a.mp4", "a.mp4?start=3"]) // known, and shaped on another thread
        {
            FlvViewer viewer = NewViewer(isFramed: false);
            viewer.Open(PlayName.Parse("", name), default, (_, _) => Assert.Fail("it has left"));
            viewer.Abandon();
            await RunPostedAsync();
        }

        (FlvViewer opened, _) = await OpenAsync("a.mp4");
        opened.Abandon();
        watching.Abandon();
        _catalog.Dispose();
        Assert.False(title.TryAcquire());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sending_allocates_nothing(bool isFramed)
    {
        (FlvViewer viewer, _) = await OpenAsync("a.mp4", isFramed);
        viewer.Begin(0);
        SendDue(viewer, 100_000, Stream.Null);
        viewer.Now = 5000;
        long before = GC.GetAllocatedBytesForCurrentThread();
        SendDue(viewer, 100_000, Stream.Null);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000); // some 400 messages
        Assert.InRange(viewer.Watched.Cursor!.PlayerTime.Milliseconds, 7900, 8100);
    }

    private FlvViewer NewViewer(bool isFramed)
    {
        FlvViewer viewer = new(_context, null, isFramed, Post);
        _viewers.Add(viewer);
        return viewer;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_start_behind_what_is_certain_of_a_growing_film_is_waited_for_and_the_film_followed(bool goesOn)
    {
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, FilmWhoseSoundEnds(1000));
        FlvViewer viewer = NewViewer(isFramed: false);
        FlvStream? shape = null;
        Exception? fault = null;
        viewer.Open(PlayName.Parse("", "live.flv?start=3"), default, (opened, refusal) => (shape, fault) = (opened, refusal));
        await RunPostedAsync();
        Assert.Null(shape);
        Assert.Null(fault);
        if (goesOn)
        {
            using FileStream film = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            film.Write(FilmWhoseSoundEnds(1000, 6000));
        }
        else
        {
            viewer.Now += 11_000;
        }

        while (shape is null && fault is null)
        {
            await RunPostedAsync();
        }

        if (goesOn)
        {
            Assert.Null(fault);
            Assert.Null(shape!.Length); // it is followed
        }
        else
        {
            Assert.Equal(TitleError.Unavailable, Assert.IsType<TitleException>(fault).Error);
        }
    }

    /// <summary>Four seconds of pictures whose sound ends long before, and more of both where it goes on.</summary>
    private static byte[] FilmWhoseSoundEnds(int end, int length = 4000)
    {
        FlvBuilder film = new FlvBuilder().Avc().Aac();
        for (int time = 0; time < length; time += 100)
        {
            film.Picture(time, isKey: time % 1000 == 0);
            if (time < end || time >= 4000)
            {
                film.Sound(time);
            }
        }

        return film.Build();
    }

    private async Task<(FlvViewer Viewer, FlvStream Shape)> OpenAsync(string name, bool isFramed = false)
    {
        FlvViewer viewer = NewViewer(isFramed);
        FlvStream? shape = null;
        Exception? fault = null;
        viewer.Open(PlayName.Parse("", name), default, (opened, refusal) => (shape, fault) = (opened, refusal));
        while (shape is null && fault is null)
        {
            await RunPostedAsync();
        }

        Assert.Null(fault);
        return (viewer, shape!);
    }

    /// <summary>All that a viewer is sent to its end.</summary>
    private byte[] Run(FlvViewer viewer, int most = int.MaxValue)
    {
        MemoryStream wire = new();
        for (int seconds = 0; !viewer.IsOver && seconds < 100; seconds++)
        {
            SendDue(viewer, most, wire);
            viewer.Now += 1000;
        }

        SendDue(viewer, most, wire);
        Assert.True(viewer.IsOver);
        Assert.False(viewer.IsLost);
        return wire.ToArray();
    }

    /// <summary>What a viewer is sent in its first so many milliseconds, a look each second.</summary>
    private MemoryStream RunFor(FlvViewer viewer, long milliseconds)
    {
        MemoryStream wire = new();
        for (viewer.Now = 0; viewer.Now < milliseconds; viewer.Now += 1000)
        {
            SendDue(viewer, int.MaxValue, wire);
        }

        return wire;
    }

    /// <summary>Sends what is due as a conversation does, over a socket that takes so many bytes at a time.</summary>
    private void SendDue(FlvViewer viewer, int most, Stream wire)
    {
        while (true)
        {
            _list.Clear();
            bool isRestWhole = viewer.GatherRest(_list);
            long rest = _list.Length;
            int answers = 0;
            if (isRestWhole && viewer.Answers.Length > 0 && _list.TryReserve(1000, out Span<byte> scratch))
            {
                answers = Math.Min(viewer.Answers.Length, 1000);
                viewer.Answers.Pending[..answers].CopyTo(scratch);
                _list.TryAddReserved(answers);
            }

            if (isRestWhole && answers == viewer.Answers.Length)
            {
                viewer.GatherDue(_list, 256 * 1024);
            }

            int sent = _list.CopyTo(_buffer.AsSpan(0, (int)Math.Min(Math.Min(most, _list.Length), _buffer.Length)));
            wire.Write(_buffer.AsSpan(0, sent));
            long ofRest = Math.Min(sent, rest);
            int ofAnswers = (int)Math.Min(sent - ofRest, answers);
            viewer.AdvanceRest(ofRest);
            viewer.Answers.Consume(ofAnswers);
            viewer.AdvanceDue(sent - ofRest - ofAnswers);
            if (_list.Length == 0 && viewer.Answers.Length == 0)
            {
                return;
            }
        }
    }

    /// <summary>Of how many tags a round is: behind so many come the same again.</summary>
    private static int RoundOf(Tag[] track, byte[] stream) => Enumerable.Range(1, track.Length / 2).First(
        count => Enumerable.Range(count, track.Length - count).All(i => track[i].SameAs(track[i - count], stream)));

    /// <summary>The tags of a stream from its beginning, each of which must have the place that the one before says.</summary>
    private static List<Tag> TagsOf(byte[] stream)
    {
        List<Tag> tags = [];
        for (int at = FlvFileHeader.Length; at < stream.Length;)
        {
            FlvTagHeader header = FlvTagHeader.Parse(stream.AsSpan(at));
            Assert.True(header.IsRegular, $"at {at}");
            Assert.Equal(header.DataLength + 11, BinaryPrimitives.ReadInt32BigEndian(stream.AsSpan(at + 11 + header.DataLength)));
            tags.Add(new Tag(at, header.Type, header.Timestamp, header.DataLength, stream[at + 11], stream[at + 12]));
            at = (int)tags[^1].End;
        }

        return tags;
    }

    private static AmfValue MetadataOf(byte[] stream)
    {
        FlvTagHeader header = FlvTagHeader.Parse(stream.AsSpan(FlvFileHeader.Length));
        Assert.Equal(FlvTagHeader.Script, header.Type);
        Amf0Reader reader = new(stream.AsSpan(FlvFileHeader.Length + FlvTagHeader.Length, header.DataLength));
        Assert.Equal("onMetaData", reader.ReadString());
        return reader.ReadValue();
    }

    private static AmfValue? Property(AmfValue value, string name) =>
        value.Properties.FirstOrDefault(property => property.Name == name).Value;

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
        Action action;
        lock (_posted)
        {
            action = _posted.Dequeue();
        }

        action();
    }

    private readonly record struct Tag(long Position, int Type, uint Timestamp, int DataLength, byte First, byte Second)
    {
        public long End => Position + FlvTagHeader.Length + DataLength + FlvTagHeader.TrailerLength;

        /// <summary>Whether it carries a sample.</summary>
        public bool IsFrame => Type != FlvTagHeader.Script && Second == 1 && First >> 4 != 5;

        public bool IsKeyFrame => Type == FlvTagHeader.Video && First >> 4 == 1 && Second == 1;

        public bool IsVideoConfiguration => Type == FlvTagHeader.Video && First >> 4 == 1 && Second == 0;

        /// <summary>When its picture is shown, in milliseconds.</summary>
        public long ShownIn(byte[] stream) =>
            Timestamp + (BinaryPrimitives.ReadInt32BigEndian(stream.AsSpan((int)Position + FlvTagHeader.Length + 1)) << 8 >> 8);

        /// <summary>Whether it has the payload of another one.</summary>
        public bool SameAs(Tag other, byte[] stream) =>
            DataLength == other.DataLength && PayloadIn(stream).SequenceEqual(other.PayloadIn(stream));

        private ReadOnlySpan<byte> PayloadIn(byte[] stream)
        {
            int header = Type == FlvTagHeader.Video ? 5 : 2;
            return stream.AsSpan((int)Position + FlvTagHeader.Length + header, DataLength - header);
        }
    }
}
