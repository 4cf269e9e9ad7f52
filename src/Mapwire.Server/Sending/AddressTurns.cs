using System.Net;

namespace Mapwire.Server.Sending;

/// <summary>
/// Lets each address do only so much of something at once; what else it asks for waits until some of that is over. So whoever asks for
/// much, or for what hangs, waits for itself. An IPv6 host is its network of 64 bits. Any thread may call it.
/// </summary>
/// <param name="max">At once; 0 for no limit.</param>
internal sealed class AddressTurns(int max)
{
    private readonly Dictionary<IPAddress, Use> _uses = [];
    private readonly Lock _gate = new();

    /// <summary>Waits for a turn.</summary>
    /// <param name="address">Null counts for none.</param>
    /// <returns>Over when the turn has come; <see cref="Leave"/> ends it.</returns>
    public Task EnterAsync(IPAddress? address)
    {
        if (max == 0 || address is null)
        {
            return Task.CompletedTask;
        }

        IPAddress host = AddressLimits.HostOf(address);
        lock (_gate)
        {
            if (!_uses.TryGetValue(host, out Use? use))
            {
                _uses.Add(host, use = new Use());
            }

            if (use.Turns < max)
            {
                use.Turns++;
                return Task.CompletedTask;
            }

            TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            use.Waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    /// <summary>A turn is over: the next of the address has it.</summary>
    public void Leave(IPAddress? address)
    {
        if (max == 0 || address is null)
        {
            return;
        }

        IPAddress host = AddressLimits.HostOf(address);
        lock (_gate)
        {
            Use use = _uses[host];
            if (use.Waiting.TryDequeue(out TaskCompletionSource? next))
            {
                next.SetResult();
            }
            else if (--use.Turns == 0)
            {
                _uses.Remove(host);
            }
        }
    }

    private sealed class Use
    {
        public int Turns;

        public Queue<TaskCompletionSource> Waiting { get; } = new(0);
    }
}
