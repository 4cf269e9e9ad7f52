using System.Text;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Messages;

/// <summary>The front of a command message: name and transaction; the arguments are read on from there (RTMP 1.0, section 7.2).</summary>
/// <remarks>Borrows the message's bytes.</remarks>
public ref struct CommandReader
{
    /// <summary>The command's object and arguments, still to be read; a field, for readers are mutable structs.</summary>
    internal Amf0Reader Arguments;

    /// <summary>Reads the front of a message of type 20, or of type 17 with its format byte.</summary>
    /// <exception cref="RtmpProtocolException">The body does not start with a string and a number, or its format is unknown.</exception>
    public CommandReader(byte typeId, ReadOnlySpan<byte> body, AmfLimits? limits = null)
    {
        Arguments = Open(typeId, body, limits);
        Name = Arguments.ReadUtf8();
        TransactionId = Arguments.IsAtEnd ? 0 : Arguments.ReadNumber();
    }

    /// <summary>Whether all arguments are read.</summary>
    public readonly bool IsAtEnd => Arguments.IsAtEnd;

    /// <summary>The command's name, in UTF-8.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The number that an answer repeats; 0 wants none.</summary>
    public double TransactionId { get; }

    /// <summary>Reads the values of a command or data message: past the format byte of the AMF3 types.</summary>
    /// <exception cref="RtmpProtocolException">The format is unknown.</exception>
    public static Amf0Reader Open(byte typeId, ReadOnlySpan<byte> body, AmfLimits? limits = null)
    {
        if (typeId is not (MessageType.CommandAmf3 or MessageType.DataAmf3))
        {
            return new Amf0Reader(body, limits);
        }

        // The only format that Flash ever sent is 0: AMF0, in which values switch to AMF3 one by one.
        if (body.IsEmpty || body[0] != 0)
        {
            throw new RtmpProtocolException(RtmpError.MalformedMessage, "an AMF3 message of unknown format", 0, typeId);
        }

        return new Amf0Reader(body[1..], limits);
    }

    /// <summary>The next argument, of any kind.</summary>
    /// <exception cref="RtmpProtocolException">There is none, or it is malformed.</exception>
    public AmfValue ReadValue() => Arguments.ReadValue();

    /// <summary>Skips the command's object, which most commands send as null.</summary>
    /// <exception cref="RtmpProtocolException">It is malformed.</exception>
    public void SkipObject()
    {
        if (!Arguments.IsAtEnd)
        {
            Arguments.Skip();
        }
    }

    /// <summary>The next argument as a number; <paramref name="absent"/> when it is missing, null or undefined.</summary>
    /// <exception cref="RtmpProtocolException">It is something else.</exception>
    public double ReadNumber(double absent)
    {
        if (IsAbsent())
        {
            return absent;
        }

        double number = Arguments.ReadNumber();
        return double.IsNaN(number) ? absent : number;
    }

    /// <summary>The next argument as a boolean; <paramref name="absent"/> when it is missing, null or undefined.</summary>
    /// <exception cref="RtmpProtocolException">It is neither boolean nor number.</exception>
    public bool ReadBoolean(bool absent) => IsAbsent() ? absent : Arguments.ReadBoolean();

    /// <summary>The next argument as a string; empty when it is missing, null or undefined.</summary>
    /// <exception cref="RtmpProtocolException">It is something else.</exception>
    public string ReadString() => IsAbsent() ? "" : Arguments.ReadString();

    /// <summary>
    /// Reads the name behind the command's object, which is null; for commands that are answered whatever their arguments are.
    /// </summary>
    /// <returns>False when something else is there, malformed or not.</returns>
    internal bool TryReadName(out string name)
    {
        while (!Arguments.IsAtEnd && Arguments.Next is Amf0Marker.Null or Amf0Marker.Undefined)
        {
            Arguments.Skip();
        }

        bool isThere = Arguments.TryReadUtf8(out ReadOnlySpan<byte> text);
        name = Encoding.UTF8.GetString(text);
        return isThere;
    }

    private bool IsAbsent()
    {
        if (Arguments.IsAtEnd)
        {
            return true;
        }

        if (Arguments.Next is not (Amf0Marker.Null or Amf0Marker.Undefined))
        {
            return false;
        }

        Arguments.Skip();
        return true;
    }
}
