using static Mapwire.Sharing.Tests.Models.Explorer;

namespace Mapwire.Sharing.Tests.Models;

/// <summary>SharedRing with many producers, of whom any may be killed between any two steps: a ring of two places whose words say
/// free for which round, claimed by whom, ready, or padding. The last thread is the consumer.</summary>
/// <param name="producers">How many.</param>
/// <param name="messages">How many each sends.</param>
/// <param name="deaths">How many may be killed.</param>
/// <param name="helpless">The fault to be found: only who claimed moves the tail.</param>
/// <param name="roundless">The fault to be found: a free word does not say for which round.</param>
internal sealed class ManyProducerModel(int producers, int messages, int deaths, bool helpless = false, bool roundless = false) : Model
{
    private const int Places = 2;
    private const int Tail = 0, Head = 1, Deaths = 2, Seen = 3, Next = 4, Word = 5, Content = Word + Places, First = Content + Places;
    private const int Pc = 0, Position = 1, Sent = 2, Expected = 3, Fields = 4;
    private const int LookAtTail = 0, LookAtHead = 1, Claim = 2, MoveTail = 3, Write = 4, Commit = 5, Help = 6, Done = 7, Dead = 8;
    private const int Claimed = 100, Ready = 200, Padding = 300; // below: free, for that round

    public override int Threads => producers + 1;

    public override int[] Initial => new int[First + Threads * Fields];

    public override bool IsDone(int[] s) =>
        Enumerable.Range(0, producers).All(t => s[At(t, Pc)] is Done or Dead) && s[Head] == s[Tail] && s[WordAt(s[Head])] < Claimed;

    public override void Check(int[] s)
    {
        if (s[Tail] - s[Head] > Places || s[Head] > s[Tail] + 1)
        {
            throw new InvalidOperationException("The ends have passed each other.");
        }

        for (int t = 0; t < producers; t++)
        {
            if (s[At(t, Pc)] == Done && IsDone(s) && s[At(t, Expected)] != messages)
            {
                throw new InvalidOperationException("A message was lost.");
            }
        }
    }

    public override int[]? Kill(int[] s, int t) =>
        t < producers && s[Deaths] < deaths && s[At(t, Pc)] is not (Done or Dead) ? With(s, Deaths, s[Deaths] + 1, At(t, Pc), Dead) : null;

    public override IEnumerable<int[]> Step(int[] s, int t) => t == producers ? Consume(s) : Produce(s, t);

    private static int At(int thread, int field) => First + thread * Fields + field;

    private static int WordAt(int position) => Word + position % Places;

    private int FreeFor(int position) => roundless ? 0 : position / Places;

    private IEnumerable<int[]> Produce(int[] s, int t)
    {
        int position = s[At(t, Position)], word = s[WordAt(position)];
        switch (s[At(t, Pc)])
        {
            case LookAtTail:
                return [With(s, At(t, Position), s[Tail], At(t, Pc), LookAtHead)];
            case LookAtHead:
                return [With(s, At(t, Pc), position + 1 - s[Head] > Places ? LookAtTail : Claim)];
            case Claim:
                return [word == FreeFor(position) ? With(s, WordAt(position), Claimed + t, At(t, Pc), MoveTail)
                    : With(s, At(t, Pc), word >= Claimed && !helpless ? Help : LookAtTail)];
            case Help:
                return [With(s, Tail, s[Tail] == position ? position + 1 : s[Tail], At(t, Pc), LookAtTail)];
            case MoveTail:
                return [With(s, Tail, s[Tail] == position ? position + 1 : s[Tail], At(t, Pc), Write)];
            case Write:
                return [With(s, Content + position % Places, t * 10 + s[At(t, Sent)], At(t, Pc), Commit)];
            case Commit:
                int sent = s[At(t, Sent)] + 1;
                return [With(s, WordAt(position), Ready + t, At(t, Sent), sent, At(t, Pc), sent == messages ? Done : LookAtTail)];
            default:
                return [];
        }
    }

    private IEnumerable<int[]> Consume(int[] s)
    {
        int head = s[Head], word = s[WordAt(head)];
        if (s[Next] == 1) // freed; the head is moved by a step of its own
        {
            return [With(s, Head, head + 1, Next, 0)];
        }

        if (head == s[Tail])
        {
            return [word >= Claimed && !helpless ? With(s, Tail, head + 1) : s];
        }

        switch (word)
        {
            case >= Padding:
                return [With(s, WordAt(head), FreeFor(head + Places), Next, 1)];
            case >= Ready:
                int producer = word - Ready, content = s[Content + head % Places];
                if (content != producer * 10 + s[At(producer, Expected)])
                {
                    throw new InvalidOperationException("A message is lost, doubled or overwritten.");
                }

                return [With(s, WordAt(head), FreeFor(head + Places), Next, 1, At(producer, Expected), s[At(producer, Expected)] + 1)];
            case >= Claimed:
                return [s[At(word - Claimed, Pc)] == Dead ? With(s, WordAt(head), Padding) : s];
            default:
                return [s];
        }
    }
}
