using Xunit;

namespace Mapwire.Sharing.Tests.Models;

/// <summary>Every order of steps of two and three threads, with a death between any two. Each model is also given a fault, to see
/// that it would be found.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, 3, 0)]
    [InlineData(3, 2, 0)]
    [InlineData(2, 2, 1)]
    [InlineData(3, 2, 1)]
    [InlineData(3, 1, 2)]
    public void Mutex(int threads, int rounds, int deaths) => Explore(new MutexModel(threads, rounds, deaths), 50);

    [Fact]
    public void A_mutex_that_forgets_sleepers_is_found() => Fails(new MutexModel(3, 2, 0, forgetful: true));

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public void Event(int waiters, bool manual) => Explore(new EventModel(waiters, manual), 8);

    [Fact]
    public void An_event_that_wakes_nobody_is_found()
    {
        Fails(new EventModel(1, manual: false, wakesNone: true));
        Fails(new EventModel(2, manual: true, wakesNone: true));
        Fails(new EventModel(2, manual: false, forgetful: true));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Ring(int messages) => Explore(new RingModel(messages), 50);

    [Fact]
    public void A_ring_whose_sleepers_look_once_is_found() => Fails(new RingModel(3, looksOnce: true));

    [Theory]
    [InlineData(1, 4, 0)]
    [InlineData(2, 2, 0)]
    [InlineData(2, 3, 1)]
    [InlineData(2, 2, 2)]
    [InlineData(3, 1, 1)]
    public void Many_producers(int producers, int messages, int deaths) => Explore(new ManyProducerModel(producers, messages, deaths), 50);

    [Fact]
    public void Producers_that_do_not_help_or_know_no_rounds_are_found()
    {
        Fails(new ManyProducerModel(2, 2, 1, helpless: true));
        Fails(new ManyProducerModel(2, 3, 0, roundless: true));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void A_slow_producer_cannot_claim_what_is_payload_by_now(int longs) => Explore(new ForgedMarkModel(longs, forgeable: false), 50);

    [Fact]
    public void Marks_that_can_be_payload_are_found() => Fails(new ForgedMarkModel(5, forgeable: true));

    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 3)]
    public void Successors(int messages, int deaths) => Explore(new SuccessorModel(messages, deaths), 20);

    [Fact]
    public void A_consumer_that_leaves_half_a_message_is_found() => Fails(new SuccessorModel(3, 1, unmarked: true));

    private static void Fails(Model model) => Assert.Throws<InvalidOperationException>(() => Explorer.Explore(model));

    private void Explore(Model model, int least)
    {
        int states = Explorer.Explore(model);
        output.WriteLine($"{states} states");
        Assert.True(states >= least, $"only {states} states");
    }
}
