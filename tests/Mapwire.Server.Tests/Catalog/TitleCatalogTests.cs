using Mapwire.Server.Catalog;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Catalog;

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
        FoundTitle found = catalog.Find(PlayName.Parse("", "film.mp4"));
        TrackChoice silent = new(PlayerAbilities.None, Audio: TrackChoice.NoTrack);
        Title whole = await catalog.OpenAsync(found, default);
        Title picture = await catalog.OpenAsync(found, silent);
        Title again = await catalog.OpenAsync(found, silent);
        Assert.NotSame(whole, picture);
        Assert.Same(picture, again);
        Assert.Contains(whole.Strip.Entries.ToArray(), static entry => !entry.IsVideo);
        Assert.DoesNotContain(picture.Strip.Entries.ToArray(), static entry => !entry.IsVideo);
        Array.ForEach([whole, picture, again], static title => title.Release());
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
        Assert.Equal(FileState.Unchanged, before.Watch.Look(Environment.TickCount64, static () => { }));
        Assert.True(before.TryAcquire());
        before.Release();
        before.Release();
        Assert.False(before.TryAcquire());
        after.Release();
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
        using TitleCatalog catalog = new(new ServedFolder(_folder.Path), long.MaxValue, 2, null, NullLogger.Instance);
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
        using TitleCatalog catalog = new(new ServedFolder(_folder.Path), 0, 100, null, NullLogger.Instance);
        Title a = await OpenAndRelease(catalog, "a.mp4");
        await OpenAndRelease(catalog, "b.mp4");
        Assert.False(IsOpen(a));
    }

    private TitleCatalog Catalog() => new(new ServedFolder(_folder.Path), long.MaxValue, 100, null, NullLogger.Instance);

    private static async Task<TitleError> ErrorOf(TitleCatalog catalog, string name) =>
        (await Assert.ThrowsAsync<TitleException>(() => OpenAsync(catalog, name))).Error;

    private static Task<Title> OpenAsync(TitleCatalog catalog, string name) => Task.Run(async () =>
    {
        return await catalog.OpenAsync(await catalog.FindAsync(PlayName.Parse("", name)), default);
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
