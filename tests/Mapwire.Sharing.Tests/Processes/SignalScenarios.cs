using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>The survivor calls, the other answers. A call or an answer that a dying process had taken is repeated.</summary>
internal sealed class EventScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private readonly SharedEvent _ping = SharedEvent.Open(memory, Arena.Ping);
    private readonly SharedEvent _pong = SharedEvent.Open(memory, Arena.Pong);

    public override bool Step()
    {
        if (Party == 0)
        {
            _ping.Set();
            return _pong.Wait(Patience);
        }

        _ping.Wait();
        _pong.Set();
        return true;
    }
}

internal sealed class BarrierScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private readonly BarrierParticipant _participant = SharedBarrier.Open(memory, Arena.Barrier).Join(party == 0 ? 0 : 1);

    public override bool Step() => _participant.SignalAndWait(TimeSpan.FromSeconds(1)) != BarrierResult.TimedOut;
}

internal sealed class CellScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private readonly SharedCell<Octet> _cell = SharedCell.Open<Octet>(memory, Arena.Cell);
    private long _written = SharedCell.Open<Octet>(memory, Arena.Cell).Version;

    public override bool Step()
    {
        if (Party != 0)
        {
            Octet next = Octet.Of(++_written);
            if (_written % 2 == 0)
            {
                _cell.Write(next);
            }
            else
            {
                _cell.WriteSingleWriter(next); // so it is: the one before is dead
            }

            return true;
        }

        if (!_cell.TryRead(out Octet octet))
        {
            return false;
        }

        if (!octet.IsWhole)
        {
            throw new InvalidOperationException("A torn value was read.");
        }

        bool moved = octet[0] != _written;
        _written = octet[0];
        return moved;
    }
}
