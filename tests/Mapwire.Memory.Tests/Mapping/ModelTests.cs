using FsCheck;
using FsCheck.Fluent;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

/// <summary>Random sequences of everything that changes bytes, against byte arrays that do the same.</summary>
public sealed class ModelTests
{
    private const int Longest = 300_000;

    [Fact]
    public void Regions_behave_like_byte_arrays()
    {
        // Three numbers a step: what, where, how much. Steps that make no sense at that point change nothing in the model either.
        Gen<(int, int, int)[]> steps = Gen.Choose(0, int.MaxValue - 1).Three()
            .Select(t => (t.Item1, t.Item2, t.Item3)).ArrayOf().Resize(60);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Rounds.Of("MAPWIRE_MODEL_ROUNDS", usual: OperatingSystem.IsWindows() ? 100 : 400)),
            Prop.ForAll(steps.ToArbitrary(), Run));
    }

    private static void Run((int What, int Where, int Much)[] steps)
    {
        using TempFolder folder = new();
        using World world = new(folder["f"]);
        foreach ((int what, int where, int much) in steps)
        {
            world.Step(what, where, much);
        }

        world.Compare();
    }

    /// <summary>A file with one shared and one private region, and the arrays that they ought to equal.</summary>
    private sealed class World : IDisposable
    {
        private readonly MappedFile _file;
        private byte[] _bytes = new byte[10_000];
        private MappedRegion? _shared;
        private int _sharedOffset;
        private bool _sharedWrites = true;
        private MappedRegion? _own;
        private byte[] _ownBytes = [];

        public World(string path) => _file = MappedFile.Create(path, _bytes.Length);

        public void Step(int what, int where, int much)
        {
            switch (what % 12)
            {
                case 0:
                    MapShared(where, much);
                    break;
                case 1:
                    MapPrivate(where, much);
                    break;
                case 2:
                case 3:
                    WriteShared(where, much, guarded: what / 12 % 2 == 0);
                    break;
                case 4:
                    WritePrivate(where, much);
                    break;
                case 5:
                    GrowFile(where);
                    break;
                case 6:
                    ResizeShared(where);
                    break;
                case 7:
                    FlushShared(where, much, (FlushMode)(what / 12 % 3));
                    break;
                case 8:
                    ProtectShared(writes: what / 12 % 2 == 0);
                    break;
                case 9:
                    DiscardShared(where, much);
                    break;
                case 10:
                    WriteFile(where, much);
                    break;
                default:
                    Compare();
                    break;
            }
        }

        public void Compare()
        {
            Assert.Equal(_bytes.Length, _file.Length);
            var read = new byte[_bytes.Length];
            for (int done = 0; done < read.Length;)
            {
                done += RandomAccess.Read(_file.Handle, read.AsSpan(done), done);
            }

            Assert.True(read.AsSpan().SequenceEqual(_bytes), "the file");
            if (_shared is not null)
            {
                ReadOnlySpan<byte> expected = _bytes.AsSpan(_sharedOffset, (int)_shared.Length);
                Assert.True(_shared.AsReadOnlySpan().SequenceEqual(expected), "the shared region");
                var copy = new byte[expected.Length];
                Assert.True(_shared.TryRead(0, copy));
                Assert.True(copy.AsSpan().SequenceEqual(expected), "the shared region, guarded");
            }

            if (_own is not null)
            {
                Assert.True(_own.AsReadOnlySpan().SequenceEqual(_ownBytes), "the private region");
            }
        }

        public void Dispose()
        {
            _shared?.Dispose();
            _own?.Dispose();
            _file.Dispose();
        }

        private void MapShared(int where, int much)
        {
            _shared?.Dispose();
            (int offset, int length) = Range(where, much, _bytes.Length);
            bool grows = much % 2 == 0 && PlatformCapabilities.Supports(MemoryCapability.ReserveForFile);
            _shared = _file.Map(offset, length, new MapOptions { Reserve = grows ? Longest : 0, Populate = much % 5 == 0 });
            _sharedOffset = offset;
            _sharedWrites = true;
        }

        private void MapPrivate(int where, int much)
        {
            _own?.Dispose();
            (int offset, int length) = Range(where, much, _bytes.Length);
            _own = _file.Map(offset, length, new MapOptions { Sharing = MapSharing.Private });
            _ownBytes = _bytes.AsSpan(offset, length).ToArray();

            // A page that was never written may follow the file or not: every one is made ours, so that there is one answer.
            for (int i = 0; i < length; i += 512)
            {
                _own.Write(i, _own.Read<byte>(i));
            }

            if (length > 0)
            {
                _own.Write(length - 1, _own.Read<byte>(length - 1));
            }
        }

        private void WriteShared(int where, int much, bool guarded)
        {
            if (_shared is null)
            {
                return;
            }

            (int offset, int length) = Range(where, much % 9_000, (int)_shared.Length);
            byte[] news = News(where, length);
            if (!_sharedWrites)
            {
                Assert.Throws<InvalidOperationException>(() => _shared.TryWrite(offset, news));
                return;
            }

            if (guarded)
            {
                Assert.True(_shared.TryWrite(offset, news));
            }
            else
            {
                news.CopyTo(_shared.AsSpan(offset, length));
            }

            news.CopyTo(_bytes, _sharedOffset + offset);
        }

        private void WritePrivate(int where, int much)
        {
            if (_own is null)
            {
                return;
            }

            (int offset, int length) = Range(where, much % 9_000, _ownBytes.Length);
            byte[] news = News(where, length);
            news.CopyTo(_own.AsMemory(offset, length));
            news.CopyTo(_ownBytes, offset);
        }

        private void GrowFile(int where)
        {
            int length = _bytes.Length + where % 50_000;
            if (length > Longest)
            {
                return;
            }

            _file.SetLength(length);
            Array.Resize(ref _bytes, length);
        }

        private void ResizeShared(int where)
        {
            if (_shared is null)
            {
                return;
            }

            int length = where % (Longest - _sharedOffset);
            nint address = _shared.DangerousAddress;
            try
            {
                _shared.Resize(length);
            }
            catch (InvalidOperationException)
            {
                return; // mapped without a reserve
            }

            Assert.Equal(address, _shared.DangerousAddress);
            if (_sharedOffset + length > _bytes.Length)
            {
                Array.Resize(ref _bytes, _sharedOffset + length);
            }
        }

        private void FlushShared(int where, int much, FlushMode mode)
        {
            if (_shared is null)
            {
                return;
            }

            (int offset, int length) = Range(where, much, (int)_shared.Length);
            _shared.Flush(offset, length, mode);
        }

        private void ProtectShared(bool writes)
        {
            if (_shared is null)
            {
                return;
            }

            _shared.Protect(0, _shared.Length, writes ? MemoryAccess.ReadWrite : MemoryAccess.Read);
            _sharedWrites = writes;
        }

        private void DiscardShared(int where, int much)
        {
            if (_shared is null || !_sharedWrites || !PlatformCapabilities.Supports(MemoryCapability.DiscardShared))
            {
                return;
            }

            (int offset, int length) = Range(where, much, (int)_shared.Length);
            _shared.Discard(offset, length);
            _bytes.AsSpan(_sharedOffset + offset, length).Clear();
        }

        private void WriteFile(int where, int much)
        {
            (int offset, int length) = Range(where, much % 9_000, _bytes.Length);
            byte[] news = News(much, length);
            RandomAccess.Write(_file.Handle, news, offset);
            news.CopyTo(_bytes, offset);
        }

        private static (int Offset, int Length) Range(int where, int much, int total)
        {
            int offset = where % (total + 1);
            return (offset, much % (total - offset + 1));
        }

        private static byte[] News(int seed, int length)
        {
            var bytes = new byte[length];
            new Random(seed).NextBytes(bytes);
            return bytes;
        }
    }
}
