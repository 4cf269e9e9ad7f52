using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>A total and the tallies of those who added to it: what a lock guards. A journal lets the next owner finish what a dead
/// one began. Total and tallies disagree for ever once two add at the same time, or an addition is lost.</summary>
internal sealed class Ledger(SharedMemory memory)
{
    private const int Parties = 64;

    public long Total => Field(0);

    public long GetTally(int party) => Tally(party);

    private ref long Begun => ref Field(1);

    public void Add(int party)
    {
        Check();
        Field(2) = Total + 1;
        Field(3) = party;
        Field(4) = Tally(party) + 1;
        Volatile.Write(ref Begun, 1);
        Finish();
    }

    /// <summary>What the new owner does first when the one before him died.</summary>
    public void Mend()
    {
        if (Volatile.Read(ref Begun) != 0)
        {
            Finish();
        }
    }

    public void Check()
    {
        long sum = 0;
        for (int party = 0; party < Parties; party++)
        {
            sum += Tally(party);
        }

        if (sum != Total || Begun != 0)
        {
            throw new InvalidOperationException($"The total is {Total}, the tallies {sum}, begun {Begun}.");
        }
    }

    private void Finish()
    {
        Field(0) = Field(2);
        Tally((int)Field(3)) = Field(4);
        Volatile.Write(ref Begun, 0);
    }

    private ref long Tally(int party) => ref Field(8 + party);

    private ref long Field(int index) => ref memory.At<long>(Arena.Ledger + index * 8);
}
