using Mapwire.Arenas.Tests.Containers;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Durable;

public sealed class CellTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_newest_value_is_there_again()
    {
        for (int i = 0; i < 5; i++)
        {
            using DurableCell<Fat> cell = DurableCell.CreateOrOpen<Fat>(_folder["cell"]);
            Assert.Equal((i, i == 0 ? default : Fat.Of(i)), (cell.Version, cell.Value));
            cell.Write(Fat.Of(i + 1));
            Assert.Throws<IOException>(() => DurableCell.CreateOrOpen<Fat>(_folder["cell"]));
        }
    }

    [Fact]
    public void Something_else_is_refused_and_left_alone()
    {
        File.WriteAllText(_folder["text"], new string('x', 10_000));
        Assert.Equal(
            ArenaError.NotAnArena, Assert.Throws<ArenaFormatException>(() => DurableCell.CreateOrOpen<long>(_folder["text"])).Error);
        Assert.Equal(new string('x', 10_000), File.ReadAllText(_folder["text"]));
        using (DurableCell<long> cell = DurableCell.CreateOrOpen<long>(_folder["cell"]))
        {
            cell.Write(5);
        }

        Assert.Throws<ArenaFormatException>(() => DurableCell.CreateOrOpen<double>(_folder["cell"]));
        Assert.Throws<ArgumentException>(() => DurableCell.CreateOrOpen<nint>(_folder["other"]));
    }

    [Fact]
    public void Whatever_byte_of_the_newest_slot_is_damaged_the_one_before_counts()
    {
        using (DurableCell<Fat> cell = DurableCell.CreateOrOpen<Fat>(_folder["cell"]))
        {
            cell.Write(Fat.Of(1));
            cell.Write(Fat.Of(2));
        }

        byte[] good = File.ReadAllBytes(_folder["cell"]);
        for (int at = 0; at < 48; at++)
        {
            byte[] bad = [.. good];
            bad[at] ^= 0x10; // sequence 2 is in slot 0
            File.WriteAllBytes(_folder["cell"], bad);
            using DurableCell<Fat> cell = DurableCell.CreateOrOpen<Fat>(_folder["cell"]);
            Assert.Equal((1, Fat.Of(1)), (cell.Version, cell.Value));
        }
    }
}
