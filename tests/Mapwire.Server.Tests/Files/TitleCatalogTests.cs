using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Sources;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Files;

public sealed class TitleCatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Concurrent_plays_share_one_title()
    {
        _folder.Add("film.mp4");
        using TitleCatalog catalog = Catalog();
        Title[] titles = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => OpenAsync(catalog, "mp4:film.mp4")));
        Assert.Single(titles.Distinct());
        Array.ForEach(titles, static title => title.Release());
    }

    [Fact]
    public async Task Players_of_another_choice_have_a_title_of_their_own()
    {
        _folder.Add("film.mp4");
        using TitleCatalog catalog = Catalog();
        FoundFile found = catalog.Files.Find(PlayName.Parse("", "film.mp4"));
        TrackChoice silent = new(PlayerAbilities.None, Audio: PlayQuery.NoTrack);
        Title whole = (await catalog.OpenAsync(found, default)).Title;
        Title picture = (await catalog.OpenAsync(found, silent)).Title;
        Title again = (await catalog.OpenAsync(found, silent)).Title;
        Assert.NotSame(whole, picture);
        Assert.Same(picture, again);
        Assert.Contains(whole.Strip.ToArray(), static entry => !entry.IsVideo);
        Assert.DoesNotContain(picture.Strip.ToArray(), static entry => !entry.IsVideo);
        Array.ForEach([whole, picture, again], static title => title.Release());
    }

    [Fact]
    public async Task A_file_that_is_open_is_found_at_once_as_long_as_its_path_leads_to_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere the system does not tell the path of an open file.");
        string path = _folder.Add("folder/film.mp4");
        string other = _folder.Add("other.mp4");
        PlayName name = PlayName.Parse("folder", "mp4:film");
        using TitleCatalog catalog = Catalog();
        Assert.Equal(0, catalog.Files.Lookups.Count);
        FoundFile found = await catalog.Files.FindAsync(name); // nothing is open: the look may take long, and is made by another thread
        Assert.Equal(1, catalog.Files.Lookups.Count);
        Title title = (await catalog.OpenAsync(found, default)).Title;

        Task<FoundFile> again = catalog.Files.FindAsync(name);
        Assert.True(again.IsCompletedSuccessfully);
        Assert.Equal(catalog.Files.Find(name), await again);

        File.Delete(path);
        TitleException gone = await Assert.ThrowsAsync<TitleException>(() => catalog.Files.FindAsync(name));
        Assert.Equal(TitleError.NotFound, gone.Error);

        File.CreateSymbolicLink(path, other);
        FoundFile switched = await catalog.Files.FindAsync(name);
        Assert.Equal(new FoundFile(other, "folder/film.mp4", Mapwire.Memory.MappedFile.GetIdentity(other)), switched);
        title.Release();
    }

    [Fact]
    public async Task A_file_that_was_lost_is_let_go_when_it_is_opened_anew()
    {
        _folder.Add("film.mp4");
        using TitleCatalog catalog = Catalog();
        Title before = await OpenAndRelease(catalog, "film.mp4");
        Assert.True(IsOpen(before));
        before.Watch.Fail("Input/output error");
        Title after = await OpenAndRelease(catalog, "film.mp4");
        Assert.NotSame(before, after);
        Assert.False(IsOpen(before));
    }

    [Fact]
    public async Task A_folder_that_becomes_a_link_to_elsewhere_hides_what_was_open_in_it()
    {
        string path = _folder.Add("folder/film.mp4");
        using TitleCatalog catalog = Catalog();
        Title title = await OpenAsync(catalog, "folder/film.mp4");
        using TemporaryFolder elsewhere = new();
        Directory.Move(Path.GetDirectoryName(path)!, Path.Combine(elsewhere.Path, "folder"));
        Directory.CreateSymbolicLink(Path.GetDirectoryName(path)!, Path.Combine(elsewhere.Path, "folder"));
        Assert.Equal(TitleError.NotFound, await ErrorOf(catalog, "folder/film.mp4"));
        title.Release();
    }

    [Fact]
    public async Task A_replaced_file_is_a_new_title_and_the_old_one_lives_with_its_players()
    {
        string path = _folder.Add("film.mp4");
        using TitleCatalog catalog = Catalog();
        Title before = await OpenAsync(catalog, "film.mp4");
        string next = _folder.Add("next.mp4");
        File.Move(next, path, overwrite: true);
        Title after = await OpenAsync(catalog, "film.mp4");

        Assert.NotSame(before, after);
        Assert.Equal(FileState.Unchanged, before.Watch.Look(Environment.TickCount64));
        Assert.True(before.TryAcquire());
        before.Release();
        before.Release();
        Assert.False(before.TryAcquire());
        after.Release();
    }

    [Fact]
    public async Task A_file_whose_reading_failed_is_opened_anew_for_who_comes_later()
    {
        _folder.Add("film.mp4");
        using TitleCatalog catalog = Catalog();
        Title lost = await OpenAsync(catalog, "film.mp4");
        lost.Watch.Fail("Input/output error");
        Title later = await OpenAsync(catalog, "film.mp4");
        Title last = await OpenAsync(catalog, "film.mp4");
        Assert.NotSame(lost.File, later.File);
        Assert.Same(later, last);
        Assert.Equal(FileState.Unchanged, await LaterAsync(later));
        Assert.Equal(FileState.Lost, await LaterAsync(lost));
        later.Release();
        last.Release();
        Assert.True(IsOpen(lost)); // as long as its viewers are told
        lost.Release();
        Assert.False(IsOpen(lost));
    }

    [Fact]
    public async Task A_file_copied_over_itself_with_its_time_plays_for_who_comes_later()
    {
        string path = _folder.Add("film.mp4");
        byte[] film = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        DateTime written = File.GetLastWriteTimeUtc(path);
        using TitleCatalog catalog = Catalog();
        Title early = await OpenAsync(catalog, "film.mp4");
        using (FileStream copied = new(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
        {
            copied.Write(film.AsSpan(0, 1000));
            Assert.Equal(FileState.Lost, await LaterAsync(early));
            copied.Write(film.AsSpan(1000));
        }

        File.SetLastWriteTimeUtc(path, written);
        Assert.Equal(early.Identity, Mapwire.Memory.MappedFile.GetIdentity(path));
        Title late = await OpenAsync(catalog, "film.mp4");
        Assert.NotSame(early.File, late.File);
        Assert.Equal(FileState.Unchanged, await LaterAsync(late));
        early.Release();
        late.Release();
    }

    [Fact]
    public async Task A_file_that_is_lost_again_and_again_is_opened_or_refused_within_bounded_attempts()
    {
        _folder.Add("film.mp4");
        using TitleCatalog catalog = Catalog();
        FoundFile found = catalog.Files.Find(PlayName.Parse("", "film.mp4"));
        Task[] viewers = [.. Enumerable.Range(0, 16).Select(_ => Task.Run(ViewAsync))];
        await Task.WhenAll(viewers).WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        Title title = await OpenAsync(catalog, "film.mp4");
        Assert.Equal(FileState.Unchanged, await LaterAsync(title));
        title.Release();

        async Task ViewAsync()
        {
            for (int i = 0; i < 20; i++)
            {
                try
                {
                    MediaFile file = await catalog.Files.OpenAsync(found);
                    file.Watch.Fail("Input/output error");
                    file.Release();
                }
                catch (TitleException refused)
                {
                    Assert.Equal(TitleError.Unavailable, refused.Error);
                }
            }
        }
    }

    [Fact]
    public async Task New_and_deleted_files_are_seen_at_once()
    {
        using TitleCatalog catalog = Catalog();
        Assert.Equal(TitleError.NotFound, await ErrorOf(catalog, "film.mp4"));
        string path = _folder.Add("film.mp4");
        (await OpenAsync(catalog, "film")).Release();
        File.Delete(path);
        Assert.Equal(TitleError.NotFound, await ErrorOf(catalog, "film.mp4"));
    }

    [Fact]
    public async Task A_bad_file_is_refused_until_it_is_mended()
    {
        string path = _folder.Add("film.mp4");
        byte[] good = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, good[..2000]);
        using TitleCatalog catalog = Catalog();
        Assert.Equal(TitleError.NotPlayable, await ErrorOf(catalog, "film.mp4"));
        Assert.Equal(TitleError.NotPlayable, await ErrorOf(catalog, "film.mp4"));
        await File.WriteAllBytesAsync(path, good);
        (await OpenAsync(catalog, "film.mp4")).Release();
    }

    [Fact]
    public async Task Titles_beyond_the_budget_are_closed_least_recently_used_first()
    {
        _folder.Add("a.mp4");
        _folder.Add("b.mp4");
        _folder.Add("c.mp4");
        using TitleCatalog catalog = Catalog(new FileBudget(KeptFiles: 2));
        Title a = await OpenAndRelease(catalog, "a.mp4");
        Title b = await OpenAndRelease(catalog, "b.mp4");
        await OpenAndRelease(catalog, "a.mp4");
        Title c = await OpenAndRelease(catalog, "c.mp4");
        Assert.True(IsOpen(a));
        Assert.False(IsOpen(b));
        Assert.True(IsOpen(c));
    }

    [Fact]
    public async Task A_budget_of_no_bytes_keeps_only_the_last()
    {
        _folder.Add("a.mp4");
        _folder.Add("b.mp4");
        using TitleCatalog catalog = Catalog(new FileBudget(KeptBytes: 0));
        Title a = await OpenAndRelease(catalog, "a.mp4");
        await OpenAndRelease(catalog, "b.mp4");
        Assert.False(IsOpen(a));
    }

    [Fact]
    public async Task Wishes_that_come_to_the_same_tracks_share_one_title()
    {
        _folder.Add("film.mp4");
        using TitleCatalog catalog = Catalog();
        FoundFile found = catalog.Files.Find(PlayName.Parse("", "film.mp4"));
        TrackChoice[] wishes =
        [
            default, new(PlayerAbilities.None, Language: "xaz"), new(PlayerAbilities.None, Language: "xbz"),
            new(PlayerAbilities.None, Video: 1),
            new(PlayerAbilities.None, Audio: 1), new(Offer.Hevc | Offer.Opus), new(PlayerAbilities.ManyTracks),
            new(PlayerAbilities.UnofficialNumbers),
        ];
        OpenedTitle[] opened = await Task.WhenAll(wishes.Select(wish => catalog.OpenAsync(found, wish)));
        Title[] titles = [.. opened.Select(static one => one.Title)];
        Assert.Single(titles.Distinct());
        Title silent = (await catalog.OpenAsync(found, new TrackChoice(PlayerAbilities.None, Audio: PlayQuery.NoTrack))).Title;
        Title extended = (await catalog.OpenAsync(found, new TrackChoice(Offer.Avc | PlayerAbilities.Nanoseconds))).Title;
        Title[] distinct = [titles[0], silent, extended];
        Assert.Equal(3, distinct.Distinct().Count());
        Assert.Single(distinct.Select(static title => title.File).Distinct()); // one mapping, one descriptor
        Array.ForEach([.. titles, silent, extended], static title => title.Release());
    }

    [Fact]
    public async Task A_title_that_is_played_is_never_dropped_and_its_next_viewer_shares_it()
    {
        _folder.Add("a.mp4");
        _folder.Add("b.mp4");
        _folder.Add("c.mp4");
        using TitleCatalog catalog = Catalog(new FileBudget(KeptBytes: 0, KeptFiles: 1));
        Title played = await OpenAsync(catalog, "a.mp4");
        await OpenAndRelease(catalog, "b.mp4");
        await OpenAndRelease(catalog, "c.mp4");
        Title again = await OpenAsync(catalog, "a.mp4");
        Assert.Same(played, again);
        played.Release();
        again.Release();
    }

    [Fact]
    public async Task More_first_plays_at_once_than_files_are_kept_open_no_file_twice_and_drop_none_that_is_played()
    {
        const int Films = 8;
        FoundFile[] found = [.. Enumerable.Range(0, Films).Select(i =>
        {
            string name = $"{i}.mp4";
            string path = _folder.Add(name);
            return new FoundFile(path, name, Mapwire.Memory.MappedFile.GetIdentity(path));
        })];
        RecordingLog log = new();
        using TitleCatalog catalog =
            new(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget(KeptBytes: 0, KeptFiles: 2)), log);
        using ManualResetEventSlim go = new();
        List<Task> hanging = [.. found.Select(film => catalog.Files.RunAsync(film.Path, _ => go.Wait(TimeSpan.FromSeconds(60))))];
        Task<OpenedTitle>[] plays = [.. found.Concat(found).Select(film => catalog.OpenAsync(film, default))]; // all are being opened
        go.Set();
        await Task.WhenAll(hanging);
        OpenedTitle[] first = await Task.WhenAll(plays);
        OpenedTitle[] again = await Task.WhenAll(found.Select(film => catalog.OpenAsync(film, default)));
        for (int i = 0; i < Films; i++)
        {
            Assert.Same(first[i].Title, first[Films + i].Title);
            Assert.Same(first[i].Title, again[i].Title);
        }

        Assert.Equal(Films, log.Lines.Count); // "opened"
        Array.ForEach([.. first, .. again], static opened => opened.Title.Release());
    }

    [Fact]
    public async Task Files_that_are_played_count_and_beyond_the_limit_no_other_is_opened()
    {
        _folder.Add("a.mp4");
        _folder.Add("b.mp4");
        _folder.Add("c.mp4");
        using TitleCatalog catalog = Catalog(new FileBudget(KeptFiles: 1, MaxFiles: 2));
        Title a = await OpenAsync(catalog, "a.mp4");
        Title b = await OpenAsync(catalog, "b.mp4");
        Assert.Equal(TitleError.Unavailable, await ErrorOf(catalog, "c.mp4"));
        (await OpenAsync(catalog, "a.mp4")).Release(); // who is there is served
        b.Release();
        (await OpenAsync(catalog, "c.mp4")).Release();
        a.Release();
    }

    [Fact]
    public async Task Indices_of_what_is_played_count_and_beyond_the_limit_no_other_is_made()
    {
        _folder.Add("a.mp4");
        _folder.Add("b.mp4");
        using TitleCatalog catalog = Catalog(new FileBudget(MaxBytes: 20_000));
        Title a = await OpenAsync(catalog, "a.mp4");
        Assert.Equal(TitleError.Unavailable, await ErrorOf(catalog, "b.mp4"));
        FoundFile other = catalog.Files.Find(PlayName.Parse("", "b.mp4"));
        Assert.Equal(TitleError.Unavailable, (await Assert.ThrowsAsync<TitleException>(() => catalog.Files.OpenAsync(other))).Error);
        FoundFile found = catalog.Files.Find(PlayName.Parse("", "a.mp4"));
        TitleException refused = await Assert.ThrowsAsync<TitleException>(
            () => catalog.OpenAsync(found, new TrackChoice(PlayerAbilities.None, Audio: PlayQuery.NoTrack)));
        Assert.Contains("20000", refused.Message, StringComparison.Ordinal);
        a.Release();
    }

    [Fact]
    public async Task A_file_let_go_while_its_windows_wait_to_be_read_ends_no_thread()
    {
        string[] names = ["a.mp4", "b.mp4"];
        foreach (string name in names)
        {
            using FileStream film = new(_folder.Add(name), FileMode.Open);
            film.SetLength(40 << 20);
        }

        RecordingLog log = new();
        using FileCatalog catalog =
            new(new ServedFolder(_folder.Path), new FileBudget(KeptFiles: 1), presence: new PresenceThreads(log: log));
        for (int i = 0; i < 300; i++)
        {
            MediaFile file = await catalog.OpenAsync(catalog.Find(PlayName.Parse("", names[i % 2])));
            long now = Environment.TickCount64;
            for (int part = 0; part < 4; part++)
            {
                file.Presence!.Want((long)part * (8 << 20), 8 << 20, now, now); // four players ask ahead, and leave
            }

            file.Release();
        }

        Assert.Empty(log.Lines);
    }

    public enum Recording
    {
        Flv,
        FlvWithSound,
        Fragmented,
    }

    [Theory]
    [InlineData(Recording.Flv)]
    [InlineData(Recording.FlvWithSound)]
    [InlineData(Recording.Fragmented)]
    public async Task Viewers_of_a_recording_that_grows_share_one_file_and_one_strip(Recording recording)
    {
        byte[] whole = recording switch
        {
            Recording.Flv => FilmBytes.Flv(1, 6000),
            Recording.FlvWithSound => FilmBytes.FlvWithSound(1, 3000),
            _ => FilmBytes.Fragmented(1, 6000),
        };
        string path = Path.Combine(_folder.Path, recording == Recording.Fragmented ? "live.mp4" : "live.flv");
        File.WriteAllBytes(path, whole[..(whole.Length / 3)]);
        using TitleCatalog catalog = Catalog();
        List<Title> titles = [];
        int written = whole.Length / 3;
        for (int viewer = 0; viewer < 20; viewer++)
        {
            titles.Add(await OpenAsync(catalog, "live"));
            int more = viewer == 18 ? whole.Length - written : whole.Length / 31; // ends in the middle of a tag or box
            using FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            file.Write(whole, written, more);
            written += more;
            if (viewer == 18)
            {
                break;
            }
        }

        titles.Add(await OpenAsync(catalog, "live"));
        Assert.Equal(20, titles.Distinct().Count());
        Assert.Single(titles.Select(static title => title.File).Distinct());
        Assert.Single(titles.Select(static title => title.Strip.Settled).Distinct());
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(File.ReadLines("/proc/self/maps").Count(line => line.EndsWith(path, StringComparison.Ordinal)), 1, 3);
            Assert.Equal(1, new DirectoryInfo("/proc/self/fd").EnumerateFiles().Count(file => file.LinkTarget == path));
        }

        // Each is sent what was whole when it came, as if it had been opened alone; the last one all of it.
        string copy = Path.Combine(_folder.Path, "copy" + Path.GetExtension(path));
        File.WriteAllBytes(copy, whole);
        Title alone = Title.Open(copy, "copy");
        StripEntry[] all = alone.Strip.ToArray();
        Assert.Equal(all, titles[^1].Strip.ToArray());
        Assert.Equal(alone.Strip.SyncPoints(), titles[^1].Strip.SyncPoints());
        Assert.True(alone.Metadata.Span.SequenceEqual(titles[^1].Metadata.Span));
        int before = 0;
        foreach (Title title in titles)
        {
            StripEntry[] entries = title.Strip.ToArray();
            Assert.True(entries.Length > before);
            Assert.Equal(
                Enumerable.Range(0, entries.Length).Where(i => entries[i] is { IsVideo: true, IsSync: true, IsCommand: false }),
                title.Strip.SyncPoints()); // what is not settled yet, too
            before = entries.Length;
            File.WriteAllBytes(copy, whole[..(int)FileLengthOf(title)]);
            Title then = Title.Open(copy, "copy");
            Assert.Equal(then.Strip.ToArray(), entries);
            Assert.Equal(then.Duration, title.Duration);
            then.Release();
        }

        alone.Release();
        titles.ForEach(static title => title.Release());
    }

    [Theory]
    [InlineData(997)]
    [InlineData(61)]
    public async Task A_recording_is_read_on_wherever_its_end_cuts_a_tag(int step)
    {
        byte[] whole = FilmBytes.FlvWithSound(1, 60);
        string path = Path.Combine(_folder.Path, "live.flv");
        string copy = Path.Combine(_folder.Path, "copy.flv");
        using TitleCatalog catalog = Catalog();
        File.WriteAllBytes(path, whole[..600]);
        Title first = await OpenAsync(catalog, "live.flv");
        for (int length = 600; length < whole.Length; length += step)
        {
            using (FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
            {
                file.Write(whole, (int)file.Length, Math.Min(step, whole.Length - (int)file.Length));
            }

            Title title = await OpenAsync(catalog, "live.flv");
            File.Copy(path, copy, overwrite: true);
            Title alone = Title.Open(copy, "copy");
            Assert.Equal(alone.Strip.ToArray(), title.Strip.ToArray());
            Assert.Same(first.File, title.File);
            title.Release();
            alone.Release();
        }

        first.Release();
    }

    [Fact]
    public async Task Viewers_who_come_at_once_while_a_recording_is_written_share_one_file()
    {
        byte[] whole = FilmBytes.FlvWithSound(1, 2000);
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, whole[..5000]);
        using TitleCatalog catalog = Catalog();
        Task writer = Task.Run(() =>
        {
            using FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            for (int at = 5000; at < whole.Length; at += 1000)
            {
                file.Write(whole, at, Math.Min(1000, whole.Length - at));
            }
        });
        List<Title> titles = [];
        while (!writer.IsCompleted)
        {
            titles.AddRange(await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync(catalog, "live.flv"))));
        }

        await writer;
        Title last = await OpenAsync(catalog, "live.flv");
        titles.Add(last);
        Assert.Single(titles.Select(static title => title.File).Distinct());
        Title alone = Title.Open(path, "alone");
        Assert.Equal(alone.Strip.ToArray(), last.Strip.ToArray());
        foreach (Title title in titles)
        {
            StripEntry[] entries = title.Strip.ToArray();
            Assert.Equal(entries.OrderBy(static entry => entry.Time.Milliseconds), entries);
            for (int i = 0; i < title.Strip.SettledCount; i++)
            {
                Assert.Equal(last.Strip[i], entries[i]);
            }
        }

        alone.Release();
        titles.ForEach(static title => title.Release());
    }

    [Fact]
    public async Task Sound_that_ends_is_not_waited_for_for_ever_and_goes_on_in_order()
    {
        FlvBuilder film = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < 1500; i++)
        {
            film.Picture(i * 40, isKey: i % 10 == 0);
            if (i * 40 < 2000)
            {
                film.Sound(i * 40);
            }
        }

        int stopped = film.Length;
        byte[] whole = film.Sound(2000).Sound(2040).Picture(60_000, isKey: true).Build();
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, whole[..5000]);
        using TitleCatalog catalog = Catalog();
        foreach (int length in (int[])[20_000, 50_000, 80_000, stopped, whole.Length])
        {
            using (FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
            {
                file.Write(whole, (int)file.Length, length - (int)file.Length);
            }

            Title title = await OpenAsync(catalog, "live.flv");
            StripEntry[] entries = title.Strip.ToArray();
            Assert.InRange(entries.Length - title.Strip.SettledCount, 0, (10_000 / 40) + 2); // the rest is shared
            Assert.Equal(entries.OrderBy(static entry => entry.Time.Milliseconds), entries);
            Assert.Equal(length == whole.Length ? 1501 + 52 : entries.Length, entries.Length);
            title.Release();
        }
    }

    [Fact]
    public async Task A_recording_overwritten_by_a_longer_one_is_opened_anew_and_lost_to_its_viewers()
    {
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, FilmBytes.Flv(1, 100));
        using TitleCatalog catalog = Catalog();
        Title early = await OpenAsync(catalog, "live.flv");
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Write(FilmBytes.Flv(2, 200));
        }

        Title late = await OpenAsync(catalog, "live.flv");
        Assert.NotSame(early.File, late.File);
        Assert.Equal(200, late.Strip.Count);
        await Task.Delay(300, TestContext.Current.CancellationToken); // a comparison counts so long for a file that grows
        Assert.Equal(FileState.Lost, await LaterAsync(early));
        early.Release();
        late.Release();
    }

    [Fact]
    public async Task A_recording_that_was_cut_after_it_had_grown_is_lost()
    {
        byte[] whole = FilmBytes.Flv(1, 200);
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);
        using TitleCatalog catalog = Catalog();
        Title early = await OpenAsync(catalog, "live.flv");
        File.WriteAllBytes(path, whole);
        Title late = await OpenAsync(catalog, "live.flv");
        Assert.Same(early.File, late.File);
        Assert.Equal(FileState.Unchanged, await LaterAsync(late));
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(whole.Length - 1000); // longer than it was at first
        }

        Assert.Equal(FileState.Lost, await LaterAsync(late));
        early.Release();
        late.Release();
    }

    [Fact]
    public async Task A_recording_that_has_grown_is_seen_as_it_is_by_who_comes_later()
    {
        byte[] whole = FilmBytes.Flv(1, 100);
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);
        using TitleCatalog catalog = Catalog();
        Title early = await OpenAsync(catalog, "live.flv");
        await Task.Delay(20, TestContext.Current.CancellationToken);
        using (FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Write(whole, (int)file.Length, whole.Length - (int)file.Length);
        }

        Title late = await OpenAsync(catalog, "live.flv");
        Assert.Equal(100, late.Strip.Count);
        Assert.InRange(early.Strip.Count, 1, 60);
        early.Release();
        late.Release();
    }

    [Fact]
    public void A_recording_that_has_not_grown_is_what_it_was()
    {
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, FilmBytes.Flv(1, 100));
        MediaFile file = MediaFile.Open(path, "live.flv");
        FileContent before = file.Content;
        Assert.True(file.TryGrow(new FileWork("grow", TitleLimits.Default.Opening, static _ => { }, static _ => { })));
        Assert.Same(before, file.Content); // nothing was read again
        file.Release();
    }

    private TitleCatalog Catalog(FileBudget? budget = null) =>
        new(new FileCatalog(new ServedFolder(_folder.Path), budget ?? new FileBudget()), NullLogger.Instance);

    private static long FileLengthOf(Title title)
    {
        Amf0Reader reader = new(title.Metadata.Span, AmfLimits.Client);
        reader.ReadString();
        return (long)reader.ReadValue().Properties.First(static property => property.Name == "filesize").Value.AsNumber()!.Value;
    }

    /// <summary>What a look a moment later says, when it is known.</summary>
    private static async Task<FileState> LaterAsync(Title title)
    {
        while (true)
        {
            TaskCompletionSource known = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await Task.Delay(5, TestContext.Current.CancellationToken);
            FileState state = title.Watch.Look(Environment.TickCount64);
            if (state != FileState.Unknown)
            {
                return state;
            }

            title.Watch.CallWhenKnown(known.SetResult);
            await known.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }
    }

    private static async Task<TitleError> ErrorOf(TitleCatalog catalog, string name) =>
        (await Assert.ThrowsAsync<TitleException>(() => OpenAsync(catalog, name))).Error;

    private static Task<Title> OpenAsync(TitleCatalog catalog, string name) => Task.Run(async () =>
    {
        return (await catalog.OpenAsync(await catalog.Files.FindAsync(PlayName.Parse("", name)), default)).Title;
    });

    private static async Task<Title> OpenAndRelease(TitleCatalog catalog, string name)
    {
        Title title = await OpenAsync(catalog, name);
        title.Release();
        return title;
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
}
