using System.Net;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Playback;

/// <summary>What a player asks to have opened while another title of its address has the only turn.</summary>
public sealed class ReelOpeningsTests : IDisposable
{
    private const string Slow = "a title that takes its time";

    private static readonly IPAddress Address = IPAddress.Loopback;

    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly PlayerContext _context;

    public ReelOpeningsTests()
    {
        _folder.Add("film.mp4");
        ServedFolder served = new(_folder.Path);
        _catalog = new TitleCatalog(new FileCatalog(served, new FileBudget()), NullLogger.Instance);
        MediaServerOptions options = new() { Folder = _folder.Path, MaxOpeningsPerAddress = 1 };
        _context = new PlayerContext(options.ToPlayerOptions(), new ReelOpener(served, _catalog, 10), NullLogger.Instance);
        Assert.True(_context.Openings.EnterAsync(Address, Slow).IsCompletedSuccessfully);
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Openings_of_connections_that_are_closed_do_not_wait_on()
    {
        List<Task> waiting = [];
        int told = 0;
        for (int client = 0; client < 100; client++)
        {
            ReelOpenings openings = new(_context, Address, static action => action());
            Task before = Task.CompletedTask;
            for (int i = 0; i < ReelOpenings.Max; i++) // more than are opened at once: some wait for each other
            {
                before = openings.OpenAsync(
                    PlayName.Parse("", $"{client} {i}"), default, before, (_, _) => Interlocked.Increment(ref told));
                waiting.Add(before);
            }

            Assert.True(openings.IsFull);
            openings.Abandon();
        }

        await Within(Task.WhenAll(waiting));
        Assert.Equal(0, told);
        _context.Openings.Leave(Address, Slow);
        Assert.True(_context.Openings.EnterAsync(Address, "the next").IsCompletedSuccessfully); // no turn is left behind
    }

    [Fact]
    public async Task A_player_that_leaves_does_not_take_the_turn_of_one_that_stays()
    {
        TaskCompletionSource<Exception?> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ReelOpenings leaves = new(_context, Address, static action => action());
        ReelOpenings stays = new(_context, Address, static action => action());
        Task left = leaves.OpenAsync(PlayName.Parse("", "other"), default, Task.CompletedTask, static (_, _) => { });
        Task opening = stays.OpenAsync(PlayName.Parse("", "film"), default, Task.CompletedTask, (reel, fault) =>
        {
            reel?.Release();
            opened.SetResult(fault);
        });
        leaves.Abandon();
        await Within(left);
        Assert.False(opening.IsCompleted);
        _context.Openings.Leave(Address, Slow);
        await Within(opening);
        Assert.Null(await opened.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_name_that_is_longer_than_any_path_is_refused_without_a_turn()
    {
        ReelOpenings openings = new(_context, Address, static action => action());
        Exception? refused = null;
        string name = new('a', (3 * TitleName.MaxLength) + 1);
        await Within(openings.OpenAsync(PlayName.Parse("", name), default, Task.CompletedTask, (_, fault) => refused = fault));
        Assert.Equal(TitleError.NotFound, Assert.IsType<TitleException>(refused).Error);
        Assert.InRange(refused!.Message.Length, 1, 200);
        Assert.Equal(0, openings.ByteSize);
        await Within(openings.OpenAsync(PlayName.Parse(name, "film.mp4"), default, Task.CompletedTask, (_, fault) => refused = fault));
        Assert.IsType<TitleException>(refused);
        await Within(openings.OpenAsync(PlayName.Parse("", "film?" + name), default, Task.CompletedTask, (_, fault) => refused = fault));
        Assert.IsType<TitleException>(refused);
        Task waits = openings.OpenAsync(PlayName.Parse("", name[1..]), default, Task.CompletedTask, static (_, _) => { });
        Assert.False(waits.IsCompleted);
        openings.Abandon();
        await Within(waits);
    }

    [Fact]
    public async Task A_refusal_keeps_its_place_among_the_plays_that_are_lined_up()
    {
        ReelOpenings openings = new(_context, Address, static action => action());
        List<string> order = [];
        string tooLong = new('a', (3 * TitleName.MaxLength) + 1);
        Task first = openings.OpenAsync(PlayName.Parse("", "film"), default, Task.CompletedTask, (reel, _) =>
        {
            reel?.Release();
            order.Add("film");
        });
        Task second = openings.OpenAsync(PlayName.Parse("", tooLong), default, first, (_, _) => order.Add("refused"));
        Assert.False(second.IsCompleted);
        _context.Openings.Leave(Address, Slow);
        await Within(second);
        Assert.Equal(["film", "refused"], order);
    }

    [Fact]
    public async Task One_connection_opens_four_titles_at_once_and_no_more()
    {
        const int Most = 4;
        MediaServerOptions options = new() { Folder = _folder.Path, MaxOpeningsPerAddress = Most + 2 }; // two are left beside them
        PlayerContext context = new(options.ToPlayerOptions(), _context.Reels, NullLogger.Instance);
        using ManualResetEventSlim free = new();
        ReelOpenings openings = new(context, Address, static action => action());
        List<Task> all = [];
        for (int i = 0; i < ReelOpenings.Max; i++)
        {
            PlayName name = PlayName.Parse("", $"hangs {i}");
            all.Add(_catalog.Files.Lookups.RunAsync(name.ToString(), _ => free.Wait(TimeSpan.FromMinutes(5))));
            all.Add(openings.OpenAsync(name, default, Task.CompletedTask, static (_, _) => { }));
        }

        bool[] isFree = [.. Enumerable.Range(0, 3).Select(i => context.Openings.EnterAsync(Address, $"another {i}").IsCompleted)];
        free.Set();
        await Within(Task.WhenAll(all));
        Assert.Equal([true, true, false], isFree);
    }

    private static Task Within(Task task) => task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
}
