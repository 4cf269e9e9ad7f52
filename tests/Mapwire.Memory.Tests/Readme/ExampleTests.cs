using System.Buffers;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Readme;

/// <summary>The examples of src/Mapwire.Memory/README.md: each code block there is a run of lines here.</summary>
public sealed class ExampleTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string path;

    public ExampleTests()
    {
        path = _folder["data.bin"];
        File.WriteAllBytes(path, new byte[1 << 20]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read()
    {
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map(offset: 1000, length: 5000); // any byte, any length

        long field = region.Read<long>(16);                          // a plain load, checked against the region's end
        ReadOnlySpan<byte> window = region.AsReadOnlySpan(0, 4096);  // as fast as an array
        ReadOnlySequence<byte> all = region.AsSequence();            // regions past 2 GiB too
        Assert.Equal((0, 4096, 5000), (field, window.Length, all.Length));
    }

    [Fact]
    public void Guarded()
    {
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map();

        byte[] header = new byte[256];
        if (!region.TryRead(0, header))
        {
            throw new InvalidDataException("The file was cut while it was read, or its device fails.");
        }

        Assert.Equal(new byte[256], header);
    }

    [Fact]
    public void Write()
    {
        using MappedFile file = MappedFile.Create(path, length: 4096); // made or lengthened, never shortened
        using MappedRegion region = file.Map();

        region.Write(0, 42);
        region.AsSpan(8, 100).Fill(7);
        region.Flush(0, 108, FlushMode.Durable); // these pages, the last one too, are on the device
        Assert.Equal(42, BitConverter.ToInt32(TempFolder.ReadShared(path)));
    }

    [Fact]
    public async Task WriteLater()
    {
        using MappedFile file = MappedFile.Create(path, length: 4096);
        await using MappedRegion region = file.Map();
        region.Write(0, 42);
        region.Flush(FlushMode.Visible);                 // others on this machine see it: nothing to wait for
        region.Flush(FlushMode.Started);                 // on its way to the device
        await region.FlushAsync(0, 4096);                // there
        Assert.Equal(42, BitConverter.ToInt32(TempFolder.ReadShared(path)));
    }

    [Fact]
    public void CopyOnWrite()
    {
        using MappedFile file = MappedFile.Open(path); // reading is enough
        using MappedRegion own = file.Map(options: new MapOptions { Sharing = MapSharing.Private });

        own.AsSpan().Fill(1); // in this process only: the file never changes
        Assert.Equal(0, File.ReadAllBytes(path)[0]);
    }

    [Fact]
    public void Leases()
    {
        using MappedFile file = MappedFile.Open(path);
        MappedRegion region = file.Map();

        using (RegionLease lease = region.Lease())
        {
            region.Dispose();                       // whoever does this, the pages stay
            nint address = region.DangerousAddress; // for a gather send or any other call that takes an address
            Assert.NotEqual(0, address);
        }                                           // and go here

        Assert.Throws<ObjectDisposedException>(() => region.DangerousAddress);
    }

    [Fact]
    public void Locks()
    {
        using MappedFile file = MappedFile.Create(path, length: 4096);
        using MappedRegion region = file.Map();

        using (RangeLock.Acquire(file, offset: 0, length: 8)) // against all processes, and all others in this one
        {
            region.Write(0, region.Read<long>(0) + 1);
        }

        if (RangeLock.TryAcquire(file, 0, RangeLock.Unbounded, RangeLockMode.Shared, TimeSpan.FromSeconds(1), out RangeLock? held))
        {
            held.Dispose();
        }

        Assert.NotNull(held);
    }

    [Fact]
    public void Grow()
    {
        if (!PlatformCapabilities.Supports(MemoryCapability.ReserveForFile))
        {
            return;
        }

        using MappedFile file = MappedFile.Create(_folder["journal"], length: 0);
        using MappedRegion journal = file.Map(options: new MapOptions { Reserve = 1L << 40 }); // address space costs nothing

        journal.Resize(1 << 16); // the file grows with it, the address stays
        journal.Write(0, 1L);
        Assert.Equal(1 << 16, file.Length);
    }

    [Fact]
    public void Anonymous()
    {
        using MappedRegion memory = MappedRegion.Allocate(1 << 22, new MapOptions
        {
            HugePages = PlatformCapabilities.Supports(MemoryCapability.TransparentHugePages) ? HugePages.Transparent : HugePages.None,
            GuardPages = 1,  // an overrun faults instead of reading a neighbour
            Populate = true, // no page faults later
        });

        memory.Discard(0, memory.Length); // gives the memory back; it reads as zero
        memory.Protect(0, memory.Length, MemoryAccess.Read);
        Assert.Equal(0, memory.Read<byte>(0));
    }

    [Fact]
    public void Pages()
    {
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map();

        region.Advise(0, region.Length, MemoryAdvice.PopulateRead); // read it all now
        PageResidency residency = region.GetResidency();
        Console.WriteLine($"{residency.ResidentPages} of {residency.PageCount} pages are in memory");

        region.LockInMemory(0, 4096); // and this one stays
        region.UnlockInMemory(0, 4096);
        Assert.Equal(256, residency.PageCount);
    }

    [Fact]
    public void Capabilities()
    {
        if (PlatformCapabilities.GetUnsupportedReason(MemoryCapability.PunchHole) is string reason)
        {
            Console.WriteLine(reason); // what PunchHole's PlatformNotSupportedException would say
        }

        Assert.Equal(PlatformCapabilities.Supports(MemoryCapability.PunchHole), PlatformCapabilities.GetUnsupportedReason(MemoryCapability.PunchHole) is null);
    }

    [Fact]
    public void Identity()
    {
        FileIdentity before = MappedFile.GetIdentity(path);
        File.AppendAllText(path, "more");
        FileIdentity after = MappedFile.GetIdentity(path);

        bool sameFile = before.IsSameFile(after);  // true: device and inode (on Windows volume and file id)
        bool unchanged = before == after;          // false: length and time of the last write differ
        Assert.Equal((true, false), (sameFile, unchanged));
    }

    [Fact]
    public void Arenas()
    {
        string path = _folder["arena"];
        for (int run = 1; run < 3; run++)
        {
            using Arena arena = Arena.CreateOrOpen(path); // grows; survives kill -9 at any instruction
            if (arena.GetRoot<Shelf>().IsNull)
            {
                Offset<Shelf> made = arena.Allocate<Shelf>(); // zeroed, aligned, never moved
                arena.Edit(made).Books = new MappedList<Book>(arena).Offset;
                arena.Edit(made).Lent = new MappedStringDictionary<long>(arena).Offset;
                arena.SetRoot(made);
            }

            ref readonly Shelf shelf = ref arena.Get(arena.GetRoot<Shelf>()); // checked; GetUnchecked for hot loops
            MappedList<Book> books = new(arena, shelf.Books);
            MappedStringDictionary<long> lent = new(arena, shelf.Lent);
            books.Add(new Book { Title = MappedString.Create(arena, "Emma"), Pages = 474 });
            lent["Emma"] = 12;
            Assert.Equal((run, "Emma", 1), (books.Count, books[run - 1].Title.GetString(arena), lent.Count));
        }
    }

    [Fact]
    public void ArenaChanges()
    {
        using Arena arena = Arena.Create(_folder["arena"]);
        Offset<Book> one = arena.Allocate<Book>(), two = arena.Allocate<Book>();
        using (ArenaChange change = arena.BeginChange())
        {
            arena.Free(one);
            change.Edit(two).Pages++;
            change.Complete(); // without it, everything since BeginChange is undone
        }

        Assert.Equal((1, 1), (arena.UsedBlocks, arena.Get(two).Pages));
    }

    [Fact]
    public void Durable()
    {
        string path = _folder["ledger"];
        using Arena ledger = Arena.CreateOrOpen(path, new ArenaOptions { Durability = ArenaDurability.PowerLoss });
        MappedQueue<long> entries = new(ledger);
        entries.Enqueue(42);
        ledger.Commit(); // returns when the device has it
        Assert.Equal(42, entries.Peek());
    }

    [Fact]
    public void Cells()
    {
        string path = _folder["cell"];
        using DurableCell<long> position = DurableCell.CreateOrOpen<long>(path);
        position.Write(position.Value + 1); // one write, one sync
        Assert.Equal((1, 1), (position.Value, position.Version));
    }

    private struct Shelf
    {
        public Offset<ListHeader> Books;
        public Offset<StringDictionaryHeader> Lent;
    }

    private struct Book
    {
        public MappedString Title;
        public int Pages;
    }
}
