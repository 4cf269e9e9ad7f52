namespace Mapwire.Sharing.Tests.Models;

/// <summary>A small machine whose threads take one atomic step at a time. Its state is a row of small numbers.</summary>
internal abstract class Model
{
    public abstract int[] Initial { get; }

    public abstract int Threads { get; }

    /// <summary>All states that one step of a thread can lead to: none if it is asleep or done, several where the system chooses.</summary>
    public abstract IEnumerable<int[]> Step(int[] state, int thread);

    /// <summary>Throws if the state must not be.</summary>
    public abstract void Check(int[] state);

    /// <summary>Whether everything that had to happen has happened.</summary>
    public abstract bool IsDone(int[] state);

    /// <summary>The state after the thread's process was killed; null if it cannot be any more.</summary>
    public virtual int[]? Kill(int[] state, int thread) => null;
}

/// <summary>Goes through every order of steps there is, by remembering every state it has seen.</summary>
internal static class Explorer
{
    /// <returns>How many states there are.</returns>
    /// <exception cref="InvalidOperationException">A state that must not be, or one from which nothing goes on.</exception>
    public static int Explore(Model model)
    {
        HashSet<string> seen = new();
        Stack<int[]> open = new();
        Add(model.Initial);
        while (open.TryPop(out int[]? state))
        {
            model.Check(state);
            bool goesOn = false;
            for (int thread = 0; thread < model.Threads; thread++)
            {
                foreach (int[] next in model.Step(state, thread))
                {
                    goesOn |= !next.AsSpan().SequenceEqual(state); // looking again at what has not changed gets nobody anywhere
                    Add(next);
                }

                if (model.Kill(state, thread) is int[] killed)
                {
                    Add(killed);
                }
            }

            if (!goesOn && !model.IsDone(state))
            {
                throw new InvalidOperationException($"Nothing goes on in state {string.Join(' ', state)}.");
            }
        }

        return seen.Count;

        void Add(int[] state)
        {
            if (seen.Add(new string([.. state.Select(number => (char)(number + 1))])))
            {
                open.Push(state);
            }
        }
    }

    /// <summary>A copy with some numbers changed: index and value in turn.</summary>
    public static int[] With(int[] state, params ReadOnlySpan<int> changes)
    {
        int[] copy = [.. state];
        for (int i = 0; i < changes.Length; i += 2)
        {
            copy[changes[i]] = changes[i + 1];
        }

        return copy;
    }
}
