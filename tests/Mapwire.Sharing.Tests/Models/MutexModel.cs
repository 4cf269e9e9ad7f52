using static Mapwire.Sharing.Tests.Models.Explorer;

namespace Mapwire.Sharing.Tests.Models;

/// <summary>SharedMutex: the word is 0 or its owner's number, and 8 if somebody may be asleep. Without a death nobody wakes by
/// himself: a wake that is lost stops the machine. After a death sleepers look by themselves, as their slices end.</summary>
/// <param name="threads">How many, each in a process of its own.</param>
/// <param name="rounds">How often each takes the mutex.</param>
/// <param name="deaths">How many may be killed.</param>
/// <param name="forgetful">The fault to be found: who has slept takes the word without the sleepers' bit.</param>
internal sealed class MutexModel(int threads, int rounds, int deaths, bool forgetful = false) : Model
{
    private const int Sleepers = 8;
    private const int Word = 0, Deaths = 1, First = 2;
    private const int Pc = 0, Seen = 1, Slept = 2, Left = 3, Fields = 4;
    private const int Fast = 0, Look = 1, Decide = 2, Announce = 3, Sleep = 4, Asleep = 5, Inside = 6, Give = 7, Wake = 8, Done =
        9, Dead = 10;

    public override int Threads => threads;

    public override int[] Initial
    {
        get
        {
            var state = new int[First + threads * Fields];
            for (int thread = 0; thread < threads; thread++)
            {
                state[At(thread, Left)] = rounds;
            }

            return state;
        }
    }

    public override IEnumerable<int[]> Step(int[] s, int t)
    {
        int me = t + 1, seen = s[At(t, Seen)];
        switch (s[At(t, Pc)])
        {
            case Fast:
                return [s[Word] == 0 ? With(s, Word, me, At(t, Pc), Inside) : Go(s, t, Look)];
            case Look:
                return [With(s, At(t, Seen), s[Word], At(t, Pc), Decide)];
            case Decide when seen == 0:
                int slept = forgetful ? 0 : s[At(t, Slept)] * Sleepers;
                return [s[Word] == 0 ? With(s, Word, me | slept, At(t, Pc), Inside) : Go(s, t, Look)];
            case Decide when s[At((seen & 7) - 1, Pc)] == Dead:
                return [s[Word] == seen ? With(s, Word, me | Sleepers, At(t, Pc), Inside) : Go(s, t, Look)];
            case Decide:
                return [Go(s, t, (seen & Sleepers) == 0 ? Announce : Sleep)];
            case Announce:
                return [s[Word] == seen ? With(s, Word, seen | Sleepers, At(t, Seen), seen | Sleepers, At(t, Pc), Sleep) : Go(s, t, Look)];
            case Sleep:
                return [s[Word] == seen ? Go(s, t, Asleep) : Woken(s, t)];
            case Asleep:
                return s[Deaths] > 0 ? [Woken(s, t)] : [];
            case Inside:
                return [Go(s, t, Give)];
            case Give:
                int[] given = With(s, Word, 0, At(t, Left), s[At(t, Left)] - 1);
                return [Go(given, t, (s[Word] & Sleepers) != 0 ? Wake : Next(given, t))];
            case Wake:
                int[] woke = Go(s, t, Next(s, t));
                List<int[]> any = [.. Enumerable.Range(0, threads).Where(o => s[At(o, Pc)] == Asleep).Select(o => Woken(woke, o))];
                return any.Count > 0 ? any : [woke];
            default:
                return [];
        }
    }

    public override void Check(int[] s)
    {
        if (Enumerable.Range(0, threads).Count(t => s[At(t, Pc)] is Inside or Give) > 1)
        {
            throw new InvalidOperationException("Two are inside.");
        }
    }

    public override bool IsDone(int[] s) => Enumerable.Range(0, threads).All(t => s[At(t, Pc)] is Done or Dead);

    public override int[]? Kill(int[] s, int t) =>
        s[Deaths] < deaths && s[At(t, Pc)] is not (Done or Dead) ? With(s, Deaths, s[Deaths] + 1, At(t, Pc), Dead) : null;

    private static int At(int thread, int field) => First + thread * Fields + field;

    private static int[] Go(int[] s, int t, int pc) => With(s, At(t, Pc), pc);

    private static int[] Woken(int[] s, int t) => With(s, At(t, Pc), Look, At(t, Slept), 1);

    private static int Next(int[] s, int t) => s[At(t, Left)] > 0 ? Fast : Done;
}
