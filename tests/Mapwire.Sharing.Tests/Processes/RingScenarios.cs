using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>Messages of many lengths: producer, number, and bytes that follow from them.</summary>
internal static class RingMessages
{
    public const int Header = 16;

    public static int LengthOf(long number) => Header + (int)(number * 37 % 500);

    public static void Fill(Span<byte> message, long producer, long number)
    {
        BitConverter.TryWriteBytes(message, producer);
        BitConverter.TryWriteBytes(message[8..], number);
        message[Header..].Fill((byte)(number * 7 + producer));
    }

    public static (long Producer, long Number) Check(ReadOnlySpan<byte> message)
    {
        long producer = BitConverter.ToInt64(message), number = BitConverter.ToInt64(message[8..]);
        if (message.Length != LengthOf(number) || message[Header..].ContainsAnyExcept((byte)(number * 7 + producer)))
        {
            throw new InvalidOperationException($"Message {number} of producer {producer} is damaged.");
        }

        return (producer, number);
    }
}

internal sealed class ProducingScenario(SharedMemory memory, int party, int ring) : Scenario(memory, party)
{
    private readonly RingProducer _producer = SharedRing.Open(memory, ring).OpenProducer();
    private readonly long _id = Environment.ProcessId;
    private long _number;

    public override bool Step()
    {
        int length = RingMessages.LengthOf(_number);
        if (!_producer.TryLoan(length, out RingLoan loan))
        {
            _producer.WaitForSpace(length, TimeSpan.FromMilliseconds(50));
            return false;
        }

        using (loan)
        {
            RingMessages.Fill(loan.Bytes, _id, _number);
            FaultPoints.Reach(FaultPoint.RingWritten);
            if (_number % 5 != 3 || Party == 0) // some are given back; their number is used again
            {
                loan.Commit();
                _number++;
            }
            else if (Random.Shared.Next(2) == 0)
            {
                loan.Commit();
                _number++;
            }
        }

        return true;
    }

    protected override void Close() => _producer.Dispose();
}

/// <summary>Each producer's messages come whole, in order and without a gap, whoever dies.</summary>
internal sealed class ConsumingScenario(SharedMemory memory, int ring) : Scenario(memory, 0)
{
    private readonly RingConsumer _consumer = SharedRing.Open(memory, ring).OpenConsumer();
    private readonly Dictionary<long, long> _next = [];

    public override bool Step() =>
        _consumer.Wait(TimeSpan.FromMilliseconds(50)) && _consumer.Drain(_next, static (message, next) =>
        {
            (long producer, long number) = RingMessages.Check(message);
            if (number != next.GetValueOrDefault(producer))
            {
                throw new InvalidOperationException(
                    $"Message {number} of producer {producer} came instead of {next.GetValueOrDefault(producer)}.");
            }

            next[producer] = number + 1;
        }) > 0;

    protected override void Close() => _consumer.Dispose();
}

/// <summary>A consumer who takes over from a dead one: sees the dead one's last messages again, perhaps, and misses none.</summary>
internal sealed class SuccessorScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private readonly RingConsumer _consumer = SharedRing.Open(memory, Arena.ManyRing).OpenConsumer();

    public override bool Step() =>
        _consumer.Wait(TimeSpan.FromMilliseconds(50)) && _consumer.Drain(Memory, static (message, memory) =>
        {
            long number = RingMessages.Check(message).Number;
            ref long next = ref Arena.Word(memory, 0);
            if (number > next)
            {
                Arena.Word(memory, 1)++; // the test looks at it: a gap
            }

            next = Math.Max(next, number + 1);
        }, most: 7) > 0;
}

internal sealed class BroadcastScenario : Scenario
{
    private readonly BroadcastWriter? _writer;
    private readonly BroadcastReader? _reader;
    private readonly SharedBroadcast _ring;
    private readonly byte[] _message = new byte[1024];

    public BroadcastScenario(SharedMemory memory, int party) : base(memory, party)
    {
        _ring = SharedBroadcast.Open(memory, Arena.Broadcast);
        if (party == 0)
        {
            _reader = _ring.OpenReader();
        }
        else
        {
            _writer = _ring.OpenWriter();
        }
    }

    public override bool Step()
    {
        if (_writer is not null)
        {
            long number = _ring.Published;
            Span<byte> message = _message.AsSpan(0, RingMessages.LengthOf(number));
            RingMessages.Fill(message, 1, number);
            _writer.Write(message);
            return true;
        }

        long before = _reader!.Next;
        if (!_reader.Wait(TimeSpan.FromMilliseconds(50)) || !_reader.TryRead(_message, out int length, out long lost))
        {
            return false;
        }

        long read = RingMessages.Check(_message.AsSpan(0, length)).Number;
        if (read != before + lost)
        {
            throw new InvalidOperationException($"Message {read} came after {before - 1}, and {lost} were said to be lost.");
        }

        return true;
    }

    protected override void Close() => _writer?.Dispose();
}
