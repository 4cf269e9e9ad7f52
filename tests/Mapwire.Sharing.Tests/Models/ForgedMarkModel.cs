using static Mapwire.Sharing.Tests.Models.Explorer;

namespace Mapwire.Sharing.Tests.Models;

/// <summary>SharedRing with many producers where one place is many messages: a ring of four words, and messages of one word (a header) or
/// two (a header and payload), so that a word is a header in one round and payload in another. Producer 0 sends one short message and may
/// stop anywhere, for rounds; producer 1 sends a short one and then long ones. The last thread is the consumer.</summary>
/// <param name="longs">How many long messages are sent.</param>
/// <param name="forgeable">The fault to be found: the payload is a word that is free in some round.</param>
internal sealed class ForgedMarkModel(int longs, bool forgeable) : Model
{
    private const int Words = 4, LongSpan = 2;
    private const int Tail = 0, Head = 1, Read = 2, Word = 3, First = Word + Words;
    private const int Pc = 0, Position = 1, Sent = 2, Fields = 3;
    private const int LookAtTail = 0, LookAtHead = 1, Claim = 2, MoveTail = 3, Write = 4, Commit = 5, Done = 6;
    private const int Payload = 50; // neither a mark nor a header
    private const int Claimed = 100, Ready = 200, Padding = 300; // and the span; below 50: free for that round

    public override int Threads => 3;

    public override int[] Initial => new int[First + 2 * Fields];

    public override bool IsDone(int[] s) => s[At(0, Pc)] == Done && s[At(1, Pc)] == Done && s[Head] == s[Tail];

    public override void Check(int[] s)
    {
        if (s[Tail] - s[Head] is > Words or < -LongSpan)
        {
            throw new InvalidOperationException("The ends have passed each other.");
        }

        if (IsDone(s) && s[Read] != longs + 2)
        {
            throw new InvalidOperationException($"{s[Read]} of {longs + 2} messages were read.");
        }
    }

    public override IEnumerable<int[]> Step(int[] s, int t) => t == 2 ? Consume(s) : Produce(s, t);

    private static int At(int thread, int field) => First + thread * Fields + field;

    private static int WordAt(int position) => Word + position % Words;

    private int PayloadOf(int round) => forgeable ? round % 2 : Payload;

    private IEnumerable<int[]> Produce(int[] s, int t)
    {
        int position = s[At(t, Position)], word = s[WordAt(position)], toTheEnd = Words - position % Words;
        int span = t == 0 || s[At(t, Sent)] == 0 ? 1 : LongSpan;
        bool wraps = span > toTheEnd;
        int claim = wraps ? toTheEnd : span;
        switch (s[At(t, Pc)])
        {
            case LookAtTail:
                return [With(s, At(t, Position), s[Tail], At(t, Pc), LookAtHead)];
            case LookAtHead:
                return [With(s, At(t, Pc), position + claim - s[Head] > Words ? LookAtTail : Claim)];
            case Claim when word == position / Words:
                return [With(s, WordAt(position), (wraps ? Padding : Claimed) + claim, At(t, Pc), MoveTail)];
            case Claim:
                int found = word >= Claimed ? word % 100 : 0; // whoever sees a claim moves the tail over it
                return [With(s, Tail, found > 0 && s[Tail] == position ? position + found : s[Tail], At(t, Pc), LookAtTail)];
            case MoveTail:
                return [With(s, Tail, s[Tail] == position ? position + claim : s[Tail],
                    At(t, Pc), wraps ? LookAtTail : span == 1 ? Commit : Write)];
            case Write:
                return [With(s, WordAt(position + 1), PayloadOf(s[At(t, Sent)]), At(t, Pc), Commit)];
            case Commit:
                int sent = s[At(t, Sent)] + 1;
                return [With(s, WordAt(position), Ready + span, At(t, Sent), sent, At(t, Pc),
                    sent == (t == 0 ? 1 : longs + 1) ? Done : LookAtTail)];
            default:
                return [];
        }
    }

    private IEnumerable<int[]> Consume(int[] s)
    {
        int head = s[Head], word = s[WordAt(head)], span = word % 100;
        if (head == s[Tail])
        {
            return [word >= Claimed ? With(s, Tail, head + span) : s];
        }

        if (word is >= Claimed and < Ready)
        {
            return [s];
        }

        if (word < Claimed)
        {
            throw new InvalidOperationException("No message begins at the head.");
        }

        if (word < Padding && span == LongSpan && s[WordAt(head + 1)] >= Claimed)
        {
            throw new InvalidOperationException("A message was overwritten.");
        }

        int[] freed = With(s, Head, head + span, Read, s[Read] + (word < Padding ? 1 : 0));
        for (int i = 0; i < span; i++)
        {
            freed[WordAt(head + i)] = head / Words + 1;
        }

        return [freed];
    }
}
