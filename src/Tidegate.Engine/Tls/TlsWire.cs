using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidegate.Engine.Tls;

/// <summary>
/// Where a loop's TLS connections take encrypted bytes from and leave them: one buffer each way, shared by all of them. OpenSSL
/// sees it as a BIO that never blocks, so encrypting always succeeds at once, and many records leave in one send call.
/// </summary>
/// <remarks>Whoever loads the input must have it consumed, or kept elsewhere, before another connection is served.</remarks>
internal sealed unsafe class TlsWire : IDisposable
{
    /// <summary>Bytes that are encrypted in one go at most.</summary>
    internal const int ChunkLength = 128 * 1024;

    // What the library puts out in one call: a chunk and its headers, or its own side of a handshake with a long chain of
    // certificates. More is a defect.
    private const int MaximumOutput = 1024 * 1024;
    private const int FirstOutputCapacity = 20 * 1024;

    // A record that has come in part lies inside OpenSSL already, and is handed out with what completes it.
    private const int UnfinishedRecord = 17 * 1024;

    private static readonly nint s_method = CreateMethod();
    private State* _state;

    internal TlsWire(int readCapacity)
    {
        InputCapacity = readCapacity >= 2 * UnfinishedRecord ? readCapacity - UnfinishedRecord : readCapacity;
        _state = (State*)NativeMemory.AllocZeroed((nuint)sizeof(State));
        _state->Buffer = (byte*)NativeMemory.AlignedAlloc((nuint)InputCapacity, 4096);
        _state->Output = (byte*)NativeMemory.Alloc(FirstOutputCapacity);
        _state->OutputCapacity = FirstOutputCapacity;
    }

    /// <summary>
    /// Bytes that one receive call may bring. So much less than the loop's read buffer that everything in it, decrypted, fits
    /// there with the rest of an unfinished record.
    /// </summary>
    internal int InputCapacity { get; }

    /// <summary>Where to receive to.</summary>
    internal byte* Buffer => _state->Buffer;

    internal ReadOnlySpan<byte> InputLeft => new(_state->Input, (int)_state->InputLength);

    internal bool HasInput => _state->InputLength > 0;

    internal byte* Output => _state->Output;

    internal int OutputLength => (int)_state->OutputLength;

    /// <summary>Begins a call of the library: <paramref name="input"/> is what it may read, and it has put out nothing.</summary>
    internal void Begin(byte* input, int length)
    {
        _state->Input = input;
        _state->InputLength = (nuint)length;
        _state->OutputLength = 0;
    }

    /// <summary>A BIO over this wire, for one SSL object, which will own it.</summary>
    internal nint NewBio()
    {
        nint bio = OpenSsl.BIO_new(s_method);
        if (bio == 0)
        {
            throw new OutOfMemoryException("OpenSSL has no memory left.");
        }

        OpenSsl.BIO_set_data(bio, _state);
        OpenSsl.BIO_set_init(bio, 1);
        return bio;
    }

    public void Dispose()
    {
        if (_state is not null)
        {
            NativeMemory.AlignedFree(_state->Buffer);
            NativeMemory.Free(_state->Output);
            NativeMemory.Free(_state);
            _state = null;
        }
    }

    private static nint CreateMethod()
    {
        fixed (byte* name = "tidegate wire\0"u8)
        {
            nint method = OpenSsl.BIO_meth_new(OpenSsl.BIO_get_new_index() | OpenSsl.BIO_TYPE_SOURCE_SINK, name);
            delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint*, int> read = &Read, write = &Write;
            delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> control = &Control;
            _ = OpenSsl.BIO_meth_set_read_ex(method, read);
            _ = OpenSsl.BIO_meth_set_write_ex(method, write);
            _ = OpenSsl.BIO_meth_set_ctrl(method, control);
            return method;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* target, nuint capacity, nuint* count)
    {
        OpenSsl.BIO_clear_flags(bio, OpenSsl.BIO_FLAGS_OF_A_CALL);
        var state = (State*)OpenSsl.BIO_get_data(bio);
        nuint length = Math.Min(capacity, state->InputLength);
        *count = length;
        if (length == 0)
        {
            OpenSsl.BIO_set_flags(bio, OpenSsl.BIO_FLAGS_READ | OpenSsl.BIO_FLAGS_SHOULD_RETRY);
            return -1;
        }

        NativeMemory.Copy(state->Input, target, length);
        state->Input += length;
        state->InputLength -= length;
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* data, nuint length, nuint* count)
    {
        OpenSsl.BIO_clear_flags(bio, OpenSsl.BIO_FLAGS_OF_A_CALL);
        var state = (State*)OpenSsl.BIO_get_data(bio);
        nuint needed = state->OutputLength + length;
        *count = 0;
        if (needed > state->OutputCapacity)
        {
            if (needed > MaximumOutput)
            {
                return -1;
            }

            nuint capacity = Math.Min(MaximumOutput, Math.Max(needed, state->OutputCapacity * 2));
            try
            {
                state->Output = (byte*)NativeMemory.Realloc(state->Output, capacity);
            }
            catch (OutOfMemoryException)
            {
                // Nothing may be thrown through the library.
                return -1;
            }

            state->OutputCapacity = capacity;
        }

        NativeMemory.Copy(data, state->Output + state->OutputLength, length);
        state->OutputLength = needed;
        *count = length;
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint number, void* pointer) => command == OpenSsl.BIO_CTRL_FLUSH ? 1 : 0;

    private struct State
    {
        internal byte* Buffer;
        internal byte* Input;
        internal nuint InputLength;
        internal byte* Output;
        internal nuint OutputLength;
        internal nuint OutputCapacity;
    }
}
