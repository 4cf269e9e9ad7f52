using static Mapwire.Sharing.Tests.Models.Explorer;

namespace Mapwire.Sharing.Tests.Models;

/// <summary>The consumer of a ring with many producers, who may be killed between any two steps and is followed by another: messages
/// of two words in a ring of two of them. Thread 0 is the producer, thread 1 whoever consumes.</summary>
/// <param name="messages">How many are sent.</param>
/// <param name="deaths">How many consumers may be killed.</param>
/// <param name="unmarked">The fault to be found: a message is freed without being made padding first.</param>
internal sealed class SuccessorModel(int messages, int deaths, bool unmarked = false) : Model
{
    private const int Places = 2;
    private const int Sent = 0, Head = 1, Deaths = 2, Next = 3, Pc = 4, First = 5; // Next: the first message that nobody has read
    private const int Begin = 0, Look = 1, Mark = 2, FreeInside = 3, FreeFirst = 4, MoveHead = 5;
    private const int Ready = 1, Padding = 2; // of a first word; 0 and of any second word: free, else the message

    public override int Threads => 2;

    public override int[] Initial => new int[First + 2 * Places];

    public override bool IsDone(int[] s) => s[Sent] == messages && s[Head] == messages && s[Pc] == Look;

    public override void Check(int[] s)
    {
        if (IsDone(s) && s[Next] != messages)
        {
            throw new InvalidOperationException("A message was never read.");
        }
    }

    public override int[]? Kill(int[] s, int t) =>
        t == 1 && s[Deaths] < deaths && s[Pc] != Begin ? With(s, Deaths, s[Deaths] + 1, Pc, Begin) : null;

    public override IEnumerable<int[]> Step(int[] s, int t)
    {
        if (t == 0)
        {
            return s[Sent] == messages || s[Sent] - s[Head] == Places ? [] : [Send(s)];
        }

        int first = FirstWord(s[Head]), second = first + 1;
        switch (s[Pc])
        {
            case Begin: // free words at the head of a ring that is not empty: the dead one had freed them
                return [s[Head] < s[Sent] && s[first] == 0
                    ? s[second] == 0 ? With(s, Head, s[Head] + 1) : throw new InvalidOperationException("The head is inside a message.")
                    : With(s, Pc, Look)];
            case Look when s[Head] == s[Sent]:
                return [s];
            case Look when s[first] == Padding:
                return [With(s, Pc, FreeInside)];
            case Look:
                if (s[first] != Ready || s[second] != s[Head] + 1 || s[Head] > s[Next])
                {
                    throw new InvalidOperationException("A message is damaged, or one was missed.");
                }

                return [With(s, Next, Math.Max(s[Next], s[Head] + 1), Pc, unmarked ? FreeInside : Mark)];
            case Mark:
                return [With(s, first, Padding, Pc, FreeInside)];
            case FreeInside:
                return [With(s, second, 0, Pc, FreeFirst)];
            case FreeFirst:
                return [With(s, first, 0, Pc, MoveHead)];
            default:
                return [With(s, Head, s[Head] + 1, Pc, Look)];
        }
    }

    private static int[] Send(int[] s) => With(s, FirstWord(s[Sent]), Ready, FirstWord(s[Sent]) + 1, s[Sent] + 1, Sent, s[Sent] + 1);

    private static int FirstWord(int message) => First + message % Places * 2;
}
