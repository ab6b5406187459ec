using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

public sealed unsafe class MaskingTests
{
    [Fact]
    public void Every_length_at_every_offset_in_any_parts_is_masked_as_section_5_3_says()
    {
        byte[] key = [0x12, 0x34, 0x56, 0x78];
        var random = new Random(3);
        for (int length = 0; length < 200; length++)
        {
            for (int offset = 0; offset < 9; offset++)
            {
                byte[] bytes = Pattern.Bytes(offset + length + 8);
                uint turned = BitConverter.ToUInt32(key);
                fixed (byte* pointer = bytes)
                {
                    for (int at = 0; at < length;)
                    {
                        int count = Math.Min(length - at, random.Next(1, 80));
                        turned = Masking.Apply(pointer + offset + at, count, turned);
                        at += count;
                    }
                }

                byte[] expected = Pattern.Bytes(offset + length + 8);
                for (int i = 0; i < length; i++)
                {
                    expected[offset + i] ^= key[i % 4];
                }

                Assert.Equal(expected, bytes);
            }
        }
    }

    [Fact]
    public void Bytes_are_unmasked_into_a_place_in_front_of_them_however_much_of_it_they_take_up()
    {
        byte[] key = [0x12, 0x34, 0x56, 0x78];
        for (int length = 0; length < 200; length++)
        {
            for (int distance = 0; distance < 70; distance++)
            {
                byte[] bytes = Pattern.Bytes(distance + length + 8);
                byte[] expected = (byte[])bytes.Clone();
                for (int i = 0; i < length; i++)
                {
                    expected[i] = (byte)(bytes[distance + i] ^ key[i % 4]);
                }

                fixed (byte* pointer = bytes)
                {
                    Masking.Move(pointer + distance, pointer, length, BitConverter.ToUInt32(key));
                }

                Assert.Equal(expected[..length], bytes[..length]);
                int behind = Math.Max(length, distance + length);
                Assert.Equal(expected[behind..], bytes[behind..]);
            }
        }
    }
}
