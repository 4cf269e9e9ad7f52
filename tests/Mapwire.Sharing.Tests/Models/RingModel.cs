using static Mapwire.Sharing.Tests.Models.Explorer;

namespace Mapwire.Sharing.Tests.Models;

/// <summary>SharedRing with one producer: a ring of two places, positions that only grow, and the two sleepers' words.</summary>
/// <param name="messages">How many are sent.</param>
/// <param name="looksOnce">The fault to be found: no second look after a sleep was announced.</param>
internal sealed class RingModel(int messages, bool looksOnce = false) : Model
{
    private const int Places = 2;
    private const int Tail = 0, Head = 1, ConsumerSleeps = 2, ProducerSleeps = 3, Pc = 4, Place = 6;
    private const int Look = 0, Work = 1, Move = 2, Tell = 3, Wake = 4, Announce = 5, LookAgain = 6, Sleep = 7, Asleep = 8;

    public override int Threads => 2;

    public override int[] Initial => new int[Place + Places];

    public override bool IsDone(int[] s) => s[Head] == messages;

    public override void Check(int[] s)
    {
        if (s[Tail] - s[Head] is < 0 or > Places)
        {
            throw new InvalidOperationException("The ends have passed each other.");
        }
    }

    public override IEnumerable<int[]> Step(int[] s, int t)
    {
        bool producer = t == 0;
        int mine = producer ? ProducerSleeps : ConsumerSleeps, others = producer ? ConsumerSleeps : ProducerSleeps;
        bool can = producer ? s[Tail] - s[Head] < Places : s[Head] < s[Tail];
        switch (s[Pc + t])
        {
            case Look:
                return s[producer ? Tail : Head] == messages ? [] : [With(s, Pc + t, can ? Work : Announce)];
            case Work when producer:
                return [With(s, Place + s[Tail] % Places, s[Tail] + 1, Pc + t, Move)];
            case Work:
                if (s[Place + s[Head] % Places] != s[Head] + 1)
                {
                    throw new InvalidOperationException("The wrong message was read.");
                }

                return [With(s, Pc + t, Move)];
            case Move:
                return [With(s, producer ? Tail : Head, s[producer ? Tail : Head] + 1, Pc + t, Tell)];
            case Tell:
                return [With(s, Pc + t, s[others] != 0 ? Wake : Look)];
            case Wake:
                return [s[others] != 0 && s[Pc + 1 - t] == Asleep
                    ? With(s, others, 0, Pc + t, Look, Pc + 1 - t, Look)
                    : With(s, others, 0, Pc + t, Look)];
            case Announce:
                return [With(s, mine, 1, Pc + t, looksOnce ? Sleep : LookAgain)];
            case LookAgain:
                return [With(s, Pc + t, can ? Work : Sleep)];
            case Sleep:
                return [With(s, Pc + t, s[mine] == 1 ? Asleep : Look)];
            default:
                return [];
        }
    }
}
