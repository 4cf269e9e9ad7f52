using static Mapwire.Sharing.Tests.Models.Explorer;

namespace Mapwire.Sharing.Tests.Models;

/// <summary>SharedEvent: bit 1 set, bit 8 somebody may be asleep. The last thread sets it, an auto one as often as there are waiters,
/// each time after the last signal was taken.</summary>
/// <param name="waiters">How many wait, each once.</param>
/// <param name="manual">Manual reset.</param>
/// <param name="wakesNone">The fault to be found: it is set without a look at the sleepers' bit.</param>
/// <param name="forgetful">The fault to be found: who has slept takes the signal without leaving the sleepers' bit.</param>
internal sealed class EventModel(int waiters, bool manual, bool wakesNone = false, bool forgetful = false) : Model
{
    private const int Set = 1, Sleepers = 8;
    private const int Word = 0, Signals = 1, First = 2;
    private const int Pc = 0, Seen = 1, Slept = 2, Fields = 3;
    private const int Look = 0, Take = 1, LookAgain = 2, Announce = 3, Sleep = 4, Asleep = 5, Wake = 6, Done = 7;

    public override int Threads => waiters + 1;

    public override int[] Initial => With(new int[First + Threads * Fields], Signals, manual ? 1 : waiters);

    public override IEnumerable<int[]> Step(int[] s, int t) => t == waiters ? Setting(s, t) : Waiting(s, t);

    public override void Check(int[] s)
    {
        int taken = Enumerable.Range(0, waiters).Count(t => s[At(t, Pc)] == Done);
        if (!manual && taken + (s[Word] & Set) + s[Signals] != waiters)
        {
            throw new InvalidOperationException("A signal was lost or taken twice.");
        }
    }

    public override bool IsDone(int[] s) => Enumerable.Range(0, Threads).All(t => s[At(t, Pc)] == Done);

    private static int At(int thread, int field) => First + thread * Fields + field;

    private static int[] Go(int[] s, int t, int pc) => With(s, At(t, Pc), pc);

    private IEnumerable<int[]> Setting(int[] s, int t)
    {
        switch (s[At(t, Pc)])
        {
            case Look when s[Signals] == 0:
                return [Go(s, t, Done)];
            case Look when (s[Word] & Set) == 0:
                bool tell = (s[Word] & Sleepers) != 0 && !wakesNone;
                return [With(s, Word, Set, Signals, s[Signals] - 1, At(t, Pc), tell ? Wake : Look)];
            case Wake:
                int[] woke = Go(s, t, Look);
                List<int> asleep = [.. Enumerable.Range(0, waiters).Where(o => s[At(o, Pc)] == Asleep)];
                if (manual)
                {
                    return [asleep.Aggregate(woke, (all, o) => With(all, At(o, Pc), Look, At(o, Slept), 1))];
                }

                return asleep.Count > 0 ? asleep.Select(o => With(woke, At(o, Pc), Look, At(o, Slept), 1)) : [woke];
            default:
                return [];
        }
    }

    private IEnumerable<int[]> Waiting(int[] s, int t)
    {
        int seen = s[At(t, Seen)];
        switch (s[At(t, Pc)])
        {
            case Look:
                return [With(s, At(t, Seen), s[Word], At(t, Pc), (s[Word] & Set) != 0 ? manual ? Done : Take : LookAgain)];
            case Take:
                int left = seen & ~Set | (forgetful ? 0 : s[At(t, Slept)] * Sleepers);
                return [s[Word] == seen ? With(s, Word, left, At(t, Pc), Done) : Go(s, t, Look)];
            case LookAgain:
                int next = (s[Word] & Set) != 0 ? Look : (s[Word] & Sleepers) != 0 ? Sleep : Announce;
                return [With(s, At(t, Seen), s[Word], At(t, Pc), next, At(t, Slept), next == Look ? 1 : s[At(t, Slept)])];
            case Announce:
                return [s[Word] == seen ? With(s, Word, seen | Sleepers, At(t, Pc), Sleep) : With(s, At(t, Pc), Look, At(t, Slept), 1)];
            case Sleep:
                return [s[Word] == Sleepers ? Go(s, t, Asleep) : With(s, At(t, Pc), Look, At(t, Slept), 1)];
            default:
                return [];
        }
    }
}
