using System.Net;

namespace Mapwire.Server.Sending;

/// <summary>
/// Lets each address do only so many different things at once; what else it asks for waits until one of them is over. So whoever asks for
/// much waits for itself, and many who ask for the same, such as one file that hangs, take one turn together. An IPv6 host is its network
/// of 64 bits. Any thread may call it.
/// </summary>
/// <param name="max">At once; 0 for no limit.</param>
internal sealed class AddressTurns(int max)
{
    private readonly Dictionary<IPAddress, Use> _uses = [];
    private readonly Lock _gate = new();

    /// <summary>Waits for a turn.</summary>
    /// <param name="address">Null counts for none.</param>
    /// <param name="key">What the turn is for: those of one key are one turn.</param>
    /// <returns>Over when the turn has come; <see cref="Leave"/> ends it.</returns>
    public Task EnterAsync(IPAddress? address, string key)
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

            if (use.TryBegin(key, max))
            {
                return Task.CompletedTask;
            }

            TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            use.Waiting.Enqueue((key, turn));
            return turn.Task;
        }
    }

    /// <summary>A turn is over: the next of the address begins.</summary>
    public void Leave(IPAddress? address, string key)
    {
        if (max == 0 || address is null)
        {
            return;
        }

        IPAddress host = AddressLimits.HostOf(address);
        lock (_gate)
        {
            Use use = _uses[host];
            use.End(key);
            while (use.Waiting.TryPeek(out (string Key, TaskCompletionSource Turn) next) && use.TryBegin(next.Key, max))
            {
                use.Waiting.Dequeue();
                next.Turn.SetResult();
            }

            if (use.IsEmpty)
            {
                _uses.Remove(host);
            }
        }
    }

    private sealed class Use
    {
        private readonly Dictionary<string, int> _turns = new(StringComparer.Ordinal); // how many share each

        public Queue<(string Key, TaskCompletionSource Turn)> Waiting { get; } = new(0);

        public bool IsEmpty => _turns.Count == 0;

        public bool TryBegin(string key, int max)
        {
            bool isShared = _turns.TryGetValue(key, out int count);
            if (!isShared && _turns.Count >= max)
            {
                return false;
            }

            _turns[key] = count + 1;
            return true;
        }

        public void End(string key)
        {
            if (--_turns[key] == 0)
            {
                _turns.Remove(key);
            }
        }
    }
}
