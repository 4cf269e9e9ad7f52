namespace Mapwire.Rtmp.Amf;

/// <summary>What the readers of one message share: the count of values, and the tables that references point into.</summary>
internal sealed class AmfContext(AmfLimits limits)
{
    private int _values;

    /// <summary>AMF0's objects in the order of their starts; null while one is being read.</summary>
    public List<AmfValue?> Amf0Objects { get; } = [];

    /// <summary>AMF3's objects in the order of their starts; null while one is being read.</summary>
    public List<AmfValue?> Amf3Objects { get; } = [];

    public List<string> Strings { get; } = [];

    public List<Amf3Traits> Traits { get; } = [];

    public void Enter(int depth, long offset)
    {
        if (depth > limits.MaxDepth)
        {
            throw new RtmpProtocolException(RtmpError.AmfTooDeep, $"more than {limits.MaxDepth} levels", offset);
        }
    }

    public void Count(int values, long offset)
    {
        _values += Math.Min(values, limits.MaxValues + 1);
        if (_values > limits.MaxValues)
        {
            throw new RtmpProtocolException(RtmpError.AmfTooMany, $"more than {limits.MaxValues} values", offset);
        }
    }

    public AmfValue Resolve(List<AmfValue?> objects, int index, int depth, long offset)
    {
        if (index >= objects.Count)
        {
            throw new RtmpProtocolException(RtmpError.AmfReference, $"a reference to object {index} of {objects.Count}", offset);
        }

        AmfValue value = objects[index]
            ?? throw new RtmpProtocolException(RtmpError.AmfReference, $"object {index} contains itself", offset);
        Count(value.Weight, offset);
        Enter(depth + value.Height, offset);
        return value;
    }
}
