// ProducerConsumer [NAME]: consumes lines that `ProducerConsumer NAME TEXT...` in other processes produce; "end" ends it.
using System.Text;
using Mapwire.Memory.Sharing;

string name = args.Length > 0 ? args[0] : "producer-consumer";
const int ringAt = 0, capacity = 1 << 16;

using SharedMemory memory = SharedMemory.CreateOrOpen(name, SharedRing.SizeFor(capacity), new SharedMemoryOptions
{
    LayoutId = new Guid("6d1ff9a5-3c11-4b57-a9b5-1f4f9a7be002"),
    Initialize = made => SharedRing.Create(made, ringAt, capacity, RingProducers.Multiple),
});
SharedRing ring = SharedRing.Open(memory, ringAt);

if (args.Length > 1)
{
    using RingProducer producer = ring.OpenProducer();
    foreach (string text in args[1..])
    {
        producer.Write(Encoding.UTF8.GetBytes(text), Timeout.InfiniteTimeSpan); // waits where the ring is full
    }

    return;
}

using RingConsumer consumer = ring.OpenConsumer();
Console.WriteLine("ready");
for (bool ended = false; !ended && await consumer.WaitAsync();)
{
    while (!ended && consumer.TryPeek(out ReadOnlySpan<byte> message))
    {
        string text = Encoding.UTF8.GetString(message); // read in place; its room is free again after Advance
        consumer.Advance();
        Console.WriteLine($"got: {text}");
        ended = text == "end";
    }
}
